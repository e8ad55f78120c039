// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers and encoded examples as transformers and FederatedScope-LLM have them. */
class RecordedTokenizersTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path scratch;

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama2", "opt", "qwen1.5"})
  void encodesAndDecodesEveryRecordedString(String name) throws IOException {
    JsonNode recorded = json(SharedData.path("fixtures/tokenizers/" + name + "/strings.json"));
    try (Tokenizer tokenizer = open(name)) {
      assertThat(tokenizer.size()).isEqualTo(recorded.get("vocab_size_with_added").asInt());
      JsonNode end = recorded.get("special_tokens").get("eos_token");
      assertThat(tokenizer.endOfText()).isEqualTo(end.get("token").asText());
      assertThat(tokenizer.endOfTextToken()).isEqualTo(end.get("id").asInt());
      for (JsonNode record : recorded.get("records")) {
        String text = record.get("text").asText();
        int[] plain = ints(record.get("ids"));
        int[] withSpecials = ints(record.get("ids_with_special"));
        assertThat(tokenizer.encodePlain(text)).as("ids of '%s'", text).isEqualTo(plain);
        assertThat(tokenizer.encode(text)).as("ids of '%s'", text).isEqualTo(withSpecials);
        assertThat(tokenizer.decodeWithSpecials(plain)).isEqualTo(record.get("decoded").asText());
        assertThat(tokenizer.decode(withSpecials))
            .isEqualTo(record.get("decoded_skip_special").asText());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama2", "opt", "qwen1.5"})
  void encodesExamplesAsFederatedScopeDoes(String name) throws IOException {
    JsonNode recorded = json(SharedData.path("fixtures/tokenizers/" + name + "/alpaca.json"));
    List<String> gsm8k = Files.readAllLines(SharedData.path("data/gsm8k/train.jsonl"));
    List<String> dolly =
        Files.readAllLines(SharedData.path("data/dolly/databricks-dolly-15k.jsonl"));
    try (Tokenizer tokenizer = open(name)) {
      ExampleEncoder encoder =
          new ExampleEncoder(tokenizer, PromptTemplates.ALPACA, recorded.get("max_length").asInt());
      int withoutLabel = 0;
      for (JsonNode record : recorded.get("records")) {
        String data = record.get("data").asText();
        int line = record.get("line").asInt();
        EncodedExample encoded =
            encoder.encode(
                switch (data) {
                  case "gsm8k" -> gsm8k(gsm8k.get(line), "");
                  case "gsm8k-input-none" -> gsm8k(gsm8k.get(line), "None"); // the word itself
                  default -> dolly(dolly.get(line));
                });
        assertThat(encoded.tokens())
            .as("%s line %d", data, line)
            .isEqualTo(ints(record.get("input_ids")));
        assertThat(encoded.promptTokens()).isEqualTo(record.get("prompt_tokens").asInt());
        assertThat(labels(encoded)).isEqualTo(ints(record.get("labels")));
        withoutLabel += encoded.labels() == 0 ? 1 : 0;
      }
      assertThat(withoutLabel).as("prompts that fill everything").isBetween(5, 6);
    }
  }

  private static int[] labels(EncodedExample encoded) {
    int[] labels = encoded.tokens().clone();
    for (int i = 0; i < encoded.promptTokens(); i++) {
      labels[i] = -100;
    }
    return labels;
  }

  private static InstructionExample gsm8k(String line, String input) throws IOException {
    JsonNode record = JSON.readTree(line);
    String answer = record.get("answer").asText().replace("####", "The answer is");
    return new InstructionExample("", "", record.get("question").asText(), input, answer);
  }

  private static InstructionExample dolly(String line) throws IOException {
    JsonNode record = JSON.readTree(line);
    return new InstructionExample(
        "",
        record.get("category").asText(),
        record.get("instruction").asText(),
        record.get("context").asText(),
        record.get("response").asText());
  }

  /** Published files as they are; tokenizer.json put together where only its parts are at hand. */
  private Tokenizer open(String name) throws IOException {
    Path published = SharedData.path("models/tokenizers/" + name);
    if (name.equals("llama2")) {
      return Tokenizer.open(published);
    }
    Path fixtures = SharedData.path("fixtures/tokenizers/" + name);
    String end = json(fixtures.resolve("alpaca.json")).get("eos_token").asText();
    JSON.writeValue(
        scratch.resolve("tokenizer_config.json").toFile(),
        JSON.createObjectNode().put("eos_token", end));
    if (name.equals("gpt2")) {
      Files.copy(published.resolve("tokenizer.json"), scratch.resolve("tokenizer.json"));
    } else {
      String prefix = name.equals("opt") ? "gpt2-" : "";
      ObjectNode whole = (ObjectNode) json(fixtures.resolve("pipeline.json"));
      ObjectNode model = (ObjectNode) whole.get("model");
      model.set("vocab", json(published.resolve(prefix + "vocab.json")));
      ArrayNode merges = model.putArray("merges");
      Files.readAllLines(published.resolve(prefix + "merges.txt")).stream()
          .filter(line -> !line.startsWith("#version") && !line.isEmpty())
          .forEach(merges::add);
      JSON.writeValue(scratch.resolve("tokenizer.json").toFile(), whole);
    }
    return Tokenizer.open(scratch);
  }

  private static JsonNode json(Path file) throws IOException {
    return JSON.readTree(file.toFile());
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
