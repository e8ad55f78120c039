// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptTemplatesTest {
  @TempDir Path directory;

  @Test
  void alpacaAsksWithAndWithoutInput() {
    PromptTemplate alpaca = PromptTemplates.of("alpaca", directory);
    assertThat(alpaca.prompt("Add.", "1 and 2"))
        .isEqualTo(
            """
            Below is an instruction that describes a task, paired with an input that provides \
            further context. Write a response that appropriately completes the request.

            ### Instruction:
            Add.

            ### Input:
            1 and 2

            ### Response:""");
    assertThat(alpaca.prompt("Add 1 and 2.", ""))
        .isEqualTo(
            """
            Below is an instruction that describes a task. Write a response that appropriately \
            completes the request.

            ### Instruction:
            Add 1 and 2.

            ### Response:""");
  }

  @Test
  void noneIsTheBareTexts() {
    assertThat(PromptTemplates.of("none", directory).prompt("Add.", "1 and 2"))
        .isEqualTo("Add.\n1 and 2\n");
    assertThat(PromptTemplates.of("none", directory).prompt("Add.", "")).isEqualTo("Add.\n");
  }

  @Test
  void textsThatLookLikePlacesOrPatternsStayAsTheyAre() {
    assertThat(PromptTemplates.NONE.prompt("{input} $1 \\ {instruction}", "{instruction}"))
        .isEqualTo("{input} $1 \\ {instruction}\n{instruction}\n");
  }

  @Test
  void fileHasOnePromptOrTwo() throws IOException {
    Path one = Files.writeString(directory.resolve("one.txt"), "Q: {instruction} {input}\r\nA:\n");
    assertThat(PromptTemplates.of(one.toString(), directory).prompt("Add", "1"))
        .isEqualTo("Q: Add 1\nA:");
    assertThat(PromptTemplates.of(one.toString(), directory).prompt("Add", ""))
        .isEqualTo("Q: Add \nA:");
    Path two =
        Files.writeString(
            directory.resolve("two.txt"), "{input}\n{instruction}\n\n---\n{instruction}\n");
    assertThat(PromptTemplates.of(two.toString(), directory).prompt("Add", "1"))
        .isEqualTo("1\nAdd\n");
    assertThat(PromptTemplates.of(two.toString(), directory).prompt("Add", "")).isEqualTo("Add");
  }

  @Test
  void refusesWhatIsNoTemplate() {
    assertThatThrownBy(() -> PromptTemplates.of("alpacca", directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("template = alpacca is not valid")
        .hasMessageContaining("did you mean 'alpaca'?");
    assertThatThrownBy(() -> PromptTemplates.of("chat", directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("has no chat template");
    assertThatThrownBy(() -> PromptTemplates.text("t", "Q: {input}"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("a prompt has no {instruction}");
    assertThatThrownBy(() -> PromptTemplates.text("t", "Q: {instruction}"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("has no {input}, so inputs would be lost");
    assertThatThrownBy(() -> PromptTemplates.text("t", "{input}{instruction}\n---\n---\n"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("more than one line '---'");
    assertThatThrownBy(
            () -> PromptTemplates.text("t", "{input}{instruction}\n---\n{instruction}{input}"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("take {input} out of it");
  }
}
