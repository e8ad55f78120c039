// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CHATML =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
          + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

  @TempDir Path checkpoint;

  @Test
  void putsExamplesAsTransformersDoes() throws IOException {
    JsonNode recorded = JSON.readTree(resource("recorded.json"));
    Set<String> prompts = new HashSet<>();
    for (String name : (Iterable<String>) () -> recorded.get("templates").fieldNames()) {
      Files.writeString(checkpoint.resolve("chat_template.jinja"), resource("templates/" + name));
      Files.writeString(
          checkpoint.resolve("tokenizer_config.json"), recorded.get("tokens").toString());
      ChatTemplate template = ChatTemplate.read(checkpoint);
      for (JsonNode conversation : recorded.get("templates").get(name)) {
        JsonNode messages = conversation.get("messages");
        if (messages.size() == 1
            && messages.get(0).get("role").asText().equals("user")
            && conversation.get("add_generation_prompt").asBoolean()) {
          String prompt = template.prompt(messages.get(0).get("content").asText(), "");
          assertThat(prompt).as(name).isEqualTo(conversation.get("text").asText());
          prompts.add(prompt);
        }
      }
    }
    assertThat(prompts).hasSizeGreaterThan(150);
  }

  @Test
  void qwensOwnTemplateIsReadFromItsConfig() {
    Path qwen = SharedData.path("models/tokenizers/qwen1.5");
    assertThat(ChatTemplate.read(qwen).prompt("Add {{ these }}.", "1 \"and\" 2\n"))
        .isEqualTo(
            """
            <|im_start|>user
            Add {{ these }}.

            1 "and" 2
            <|im_end|>
            <|im_start|>assistant
            """);
  }

  @Test
  void inputFollowsTheInstructionAfterAnEmptyLine() throws IOException {
    config(Map.of("chat_template", "{{ messages[0].content }}|{{ messages | length }}"));
    PromptTemplate template = PromptTemplates.of("chat", checkpoint);
    assertThat(template.prompt("Add.", "1")).isEqualTo("Add.\n\n1|1");
    assertThat(template.prompt("Add.", "")).isEqualTo("Add.|1");
    assertThat(template.spellsOutSpecials()).isTrue();
  }

  @Test
  void fileGoesBeforeConfigAndDefaultBeforeOthers() throws IOException {
    config(
        Map.of(
            "chat_template",
            List.of(
                Map.of("name", "tool_use", "template", "T {{ messages[0].content }}"),
                Map.of("name", "default", "template", "D {{ messages[0].content }}"))));
    assertThat(ChatTemplate.read(checkpoint).prompt("a", "")).isEqualTo("D a");
    Files.writeString(checkpoint.resolve("chat_template.jinja"), "F {{ messages[0].content }}\n");
    assertThat(ChatTemplate.read(checkpoint).prompt("a", "")).isEqualTo("F a");
  }

  @Test
  void tokensAreTextsOrObjects() throws IOException {
    config(
        Map.of(
            "chat_template",
            "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}",
            "bos_token",
            Map.of("content", "<s>", "lstrip", false)));
    Files.writeString(
        checkpoint.resolve("special_tokens_map.json"),
        "{\"bos_token\": \"<other>\", \"eos_token\": {\"content\": \"</s>\"},"
            + " \"pad_token\": null}");
    assertThat(ChatTemplate.read(checkpoint).prompt("a", "")).isEqualTo("<s>a</s>");
  }

  @Test
  void refusesWhatCannotBeUsed() throws IOException {
    assertRefused("has no chat template, neither chat_template.jinja nor chat_template in its");
    config(Map.of("chat_template", "{{ bos_token }}{{ messages[0].content }}"));
    assertRefused("writes bos_token, but nothing says what that is; add it to");
    config(Map.of("chat_template", "{{ messages[0].content }}\n{{ raise_exception('Not you') }}"));
    assertRefused("line 2: the template says: Not you; take data.template = alpaca, none, or");
    config(Map.of("chat_template", "{% for m in messages %}{{ m.text }}{% endfor %}"));
    assertRefused("does not write what the user says");
    config(Map.of("chat_template", "{% macro %}"));
    assertRefused("line 1: unexpected '%}'");
    config(Map.of("chat_template", List.of(Map.of("name", "rag", "template", "x"))));
    assertRefused("chat_template has no template named 'default'");
  }

  @Test
  void travelsToExecutorsAndKnowsItself() throws Exception {
    config(Map.of("chat_template", CHATML, "eos_token", "<|im_end|>"));
    ChatTemplate template = ChatTemplate.read(checkpoint);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(template);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      ChatTemplate arrived = (ChatTemplate) in.readObject();
      assertThat(arrived).isEqualTo(template).hasSameHashCodeAs(template);
      assertThat(arrived.prompt("a", ""))
          .isEqualTo("<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n");
    }
    config(Map.of("chat_template", CHATML, "eos_token", "</s>"));
    assertThat(ChatTemplate.read(checkpoint).identity()).isNotEqualTo(template.identity());
    config(Map.of("chat_template", CHATML + " ", "eos_token", "<|im_end|>"));
    assertThat(ChatTemplate.read(checkpoint).identity()).isNotEqualTo(template.identity());
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> ChatTemplate.read(checkpoint))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(message)
        .hasMessageContaining(checkpoint.toString());
  }

  private void config(Map<String, Object> config) throws IOException {
    Files.writeString(checkpoint.resolve("tokenizer_config.json"), JSON.writeValueAsString(config));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream("chat/" + name)) {
      assertThat(in).as(name).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
