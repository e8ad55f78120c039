// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  /** Bytes of words, the words of two sentences' ends, and an end of text. */
  private static final String TINY =
      """
      {"version": "1.0", "truncation": {"max_length": 2, "stride": 0, "strategy": "LongestFirst",
       "direction": "Right"}, "padding": null, "normalizer": null, "decoder": null,
       "added_tokens": [{"id": 5, "content": "<end>", "special": true, "single_word": false,
                         "lstrip": false, "rstrip": false, "normalized": false}],
       "pre_tokenizer": {"type": "Whitespace"},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<start>", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "<end>", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<start>": {"id": "<start>", "ids": [4], "tokens": ["<start>"]},
                            "<end>": {"id": "<end>", "ids": [5], "tokens": ["<end>"]}}},
       "model": {"type": "WordLevel", "unk_token": "?",
         "vocab": {"?": 0, "a": 1, "b": 2, "c": 3, "<start>": 4}}}
      """;

  @TempDir Path directory;

  @Test
  void putsSpecialTokensAroundTextsAndNeverCutsThem() throws IOException {
    try (Tokenizer tokenizer = tiny()) {
      assertThat(tokenizer.encode("a b c d")).containsExactly(4, 1, 2, 3, 0, 5);
      assertThat(tokenizer.encodePlain("a b <end>")).containsExactly(1, 2, 5);
      assertThat(tokenizer.decode(new int[] {1, 5})).isEqualTo("a");
      assertThat(tokenizer.size()).isEqualTo(6);
      assertThat(tokenizer.endOfTextToken()).isEqualTo(5);
      assertThat(tokenizer.specialsAfter()).isEqualTo(1);
    }
  }

  @Test
  void cutsInFrontOfTheSpecialTokensAtTheEnd() throws IOException {
    try (Tokenizer tokenizer = tiny()) {
      ExampleEncoder encoder = new ExampleEncoder(tokenizer, PromptTemplates.NONE, 4);
      EncodedExample cut = encoder.encode(new InstructionExample("x", "", "a", "", "b c a"));
      assertThat(cut.tokens()).containsExactly(4, 1, 2, 5);
      assertThat(cut.promptTokens()).isEqualTo(3); // <start> a <end>, as FS-LLM counts it
      assertThat(cut.cut()).isTrue();
      assertThat(cut.wholeTokens()).isEqualTo(7); // <start> a b c a <end> <end>
      assertThat(cut.id()).isEqualTo("x");
      EncodedExample full = encoder.encode(new InstructionExample("y", "", "a b c a", "", "b"));
      assertThat(full.promptTokens()).isEqualTo(4);
      assertThat(full.labels()).isZero();
    }
  }

  @Test
  void templatesThatSpellOutSpecialTokensGetNoMore() throws IOException {
    try (Tokenizer tokenizer = tiny()) {
      Files.writeString(
          directory.resolve("tokenizer_config.json"),
          "{\"eos_token\": \"<end>\", \"chat_template\": \"{{ eos_token + ' '"
              + " + messages[0].content + ' ' }}\"}");
      PromptTemplate chat = PromptTemplates.of("chat", directory);
      InstructionExample example = new InstructionExample("x", "", "a", "b", "c c");
      EncodedExample whole = new ExampleEncoder(tokenizer, chat, 8).encode(example);
      assertThat(whole.tokens()).containsExactly(5, 1, 2, 3, 3, 5);
      assertThat(whole.promptTokens()).isEqualTo(3);
      EncodedExample cut = new ExampleEncoder(tokenizer, chat, 4).encode(example);
      assertThat(cut.tokens()).containsExactly(5, 1, 2, 3); // no <end> is kept for the tokenizer
      assertThat(cut.cut()).isTrue();
    }
  }

  @Test
  void travelsToExecutorsWithoutItsDirectory() throws Exception {
    tiny().close();
    ExampleEncoder.Source source =
        new ExampleEncoder.Source(
            Tokenizer.Source.read(directory),
            PromptTemplates.text("mine", "{instruction} {input}"),
            8);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(source);
    }
    Files.delete(directory.resolve("tokenizer.json"));
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      ExampleEncoder.Source arrived = (ExampleEncoder.Source) in.readObject();
      assertThat(arrived).isEqualTo(source);
      assertThat(arrived.sha256()).hasSize(64).isEqualTo(source.sha256());
      ExampleEncoder encoder = arrived.open();
      try (Tokenizer tokenizer = encoder.tokenizer()) {
        assertThat(tokenizer.encodePlain("b")).containsExactly(2);
        assertThat(encoder.encode(new InstructionExample("", "", "a", "b", "c")).tokens())
            .containsExactly(4, 1, 0, 5, 5);
      }
    }
  }

  @Test
  void hashTellsTokenizersTemplatesAndLengthsApart() throws IOException {
    tiny().close();
    Tokenizer.Source tokenizer = Tokenizer.Source.read(directory);
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"eos_token\": \"c\"}");
    Tokenizer.Source other = Tokenizer.Source.read(directory);
    assertThat(
            List.of(
                new ExampleEncoder.Source(tokenizer, PromptTemplates.ALPACA, 8).sha256(),
                new ExampleEncoder.Source(tokenizer, PromptTemplates.NONE, 8).sha256(),
                new ExampleEncoder.Source(tokenizer, PromptTemplates.ALPACA, 9).sha256(),
                new ExampleEncoder.Source(other, PromptTemplates.ALPACA, 8).sha256()))
        .doesNotHaveDuplicates();
  }

  @Test
  void findsTheEndOfTextWhereverItIsNamed() throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), TINY);
    assertThatThrownBy(() -> Tokenizer.open(directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("nothing says which token ends a text")
        .hasMessageContaining("add \"eos_token\" to its tokenizer_config.json");
    Files.writeString(directory.resolve("config.json"), "{\"eos_token_id\": [3, 5]}");
    assertThat(Tokenizer.Source.read(directory).endOfText()).isEqualTo("c");
    Files.writeString(
        directory.resolve("special_tokens_map.json"), "{\"eos_token\": {\"content\": \"<end>\"}}");
    assertThat(Tokenizer.Source.read(directory).endOfTextToken()).isEqualTo(5);
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"eos_token\": \"<eot>\"}");
    assertThatThrownBy(() -> Tokenizer.open(directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("'<eot>', is not in its tokenizer.json");
  }

  @Test
  void refusesDirectoriesWithoutAUsableTokenizer() throws IOException {
    assertThatThrownBy(() -> Tokenizer.open(directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it has none of [tokenizer.json, ");
    Path json = directory.resolve("tokenizer.json");
    Files.writeString(json, TINY.substring(0, 300));
    assertThatThrownBy(() -> Tokenizer.open(directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("tokenizer.json: is not JSON");
    Files.writeString(json, TINY.replace("\"WordLevel\"", "\"Rune\""));
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"eos_token\": \"<end>\"}");
    assertThatThrownBy(() -> Tokenizer.open(directory))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("Cannot open the tokenizer of " + directory)
        .hasMessageContaining("fetch tokenizer.json again");
  }

  @Test
  void refusesAModelWithFewerEmbeddings() throws IOException {
    try (Tokenizer tokenizer = tiny()) {
      tokenizer.checkFits(6);
      assertThatThrownBy(() -> tokenizer.checkFits(5))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("token ids go up to 5, the model has embeddings for 0 to 4");
    }
  }

  @Test
  void opensSmolLm2AndServesSeveralThreads() {
    try (Tokenizer tokenizer = Tokenizer.open(SharedData.smolLm2())) {
      assertThat(tokenizer.endOfText()).isEqualTo("<|im_end|>");
      assertThat(tokenizer.endOfTextToken()).isEqualTo(2);
      tokenizer.checkFits(49152);
      String text = "Natalia sold 48 clips, été, 日本, 🙂 and\n\ttabs. ";
      int[] alone = tokenizer.encode(text);
      assertThat(tokenizer.decode(alone)).isEqualTo(text);
      IntStream.range(0, 200)
          .parallel()
          .forEach(
              i -> {
                String other = text + i;
                assertThat(tokenizer.decode(tokenizer.encode(other))).isEqualTo(other);
                assertThat(tokenizer.encode(text)).isEqualTo(alone);
              });
    }
  }

  private Tokenizer tiny() throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), TINY);
    Files.writeString(directory.resolve("tokenizer_config.json"), "{\"eos_token\": \"<end>\"}");
    return Tokenizer.open(directory);
  }
}
