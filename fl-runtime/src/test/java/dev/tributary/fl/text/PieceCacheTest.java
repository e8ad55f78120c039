// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids piece by piece are those that the native library gives for whole texts. */
class PieceCacheTest {
  private static final Path QUICKSTART = Path.of("../quickstart/model");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final List<String> PARTS =
      List.of(
          " ",
          " ",
          " ",
          " ",
          "  ",
          "   ",
          "\n",
          "\n\n",
          "\t",
          "\r\n",
          "\u00a0",
          "\u2003",
          "\u3000",
          "\u0085",
          "\u200b",
          "\ufeff",
          "\u0000",
          "a",
          "the",
          "Word",
          "it's",
          "'ll",
          "'S",
          ",",
          ".",
          "...",
          "!?",
          "(",
          "-",
          "_",
          "▁",
          "▁▁",
          "1",
          "48",
          "123456",
          "½",
          "²",
          "ª",
          "é",
          "e\u0301",
          "\u0301",
          "ß",
          "İ",
          "Привет",
          "ώ",
          "日本語",
          "مرحبا",
          "हिन्दी",
          "🙂",
          "👩‍👩‍👧",
          "\ud83d",
          "<",
          ">",
          "</s>",
          "<s>",
          "<unk>",
          "</",
          "s>",
          "<|endoftext|>",
          "<|im_end|>",
          "<|",
          "code(x)=y;",
          "x".repeat(40),
          "http://a.b/c?d=e");

  @TempDir Path scratch;

  @Test
  void idsAreThoseOfWholeTexts() {
    agrees(QUICKSTART);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama2"})
  void idsAreThoseOfWholeTextsForPublishedTokenizers(String name) throws IOException {
    Path folder = SharedData.path("models/tokenizers/" + name);
    agrees(folder.resolve("tokenizer_config.json").toFile().exists() ? folder : withEnd(folder));
  }

  @Test
  void idsAreThoseOfWholeTextsForSmolLm2() {
    agrees(SharedData.smolLm2());
  }

  /** As LLaMA 3 and Qwen have them, over the vocabulary at hand. */
  @ParameterizedTest
  @ValueSource(strings = {"{1,3}", ""})
  void idsAreThoseOfWholeTextsForLaterPatterns(String digits) throws IOException {
    ObjectNode tokenizer = quickstart();
    ObjectNode steps = tokenizer.putObject("pre_tokenizer");
    steps.put("type", "Sequence");
    ArrayNode list = steps.putArray("pretokenizers");
    ObjectNode split = list.addObject().put("type", "Split");
    split
        .putObject("pattern")
        .put(
            "Regex",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                + digits
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");
    split.put("behavior", "Isolated").put("invert", false);
    list.addObject()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", false)
        .put("use_regex", false);
    tokenizer.putObject("normalizer").put("type", "NFC");
    agrees(written(tokenizer));
  }

  private static void agrees(Path folder) {
    SplittableRandom random = new SplittableRandom(23);
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encodesPieces()).isTrue();
      for (int i = 0; i < 5_000; i++) {
        StringBuilder text = new StringBuilder();
        for (int parts = random.nextInt(20); parts > 0; parts--) {
          text.append(PARTS.get(random.nextInt(PARTS.size())));
        }
        if (i % 5 == 0) {
          text.append(tokenizer.endOfText());
        }
        same(tokenizer, text.toString());
      }
    }
  }

  private static void same(Tokenizer tokenizer, String text) {
    assertThat(tokenizer.encodePlain(text))
        .as("ids of '%s'", text)
        .isEqualTo(tokenizer.idsAtOnce(text, false));
    assertThat(tokenizer.encode(text))
        .as("ids of '%s'", text)
        .isEqualTo(tokenizer.idsAtOnce(text, true));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama2"})
  void idsOfCorporaAreThoseOfWholeTexts(String name) throws IOException {
    Path folder = SharedData.path("models/tokenizers/" + name);
    List<String> texts = new ArrayList<>();
    for (String file : List.of("dolly/databricks-dolly-15k.jsonl", "gsm8k/test.jsonl")) {
      List<String> lines = Files.readAllLines(SharedData.path("data/" + file));
      for (String line : lines.subList(0, Math.min(4000, lines.size()))) {
        StringBuilder text = new StringBuilder();
        JSON.readTree(line).forEach(field -> text.append(field.asText()).append('\n'));
        texts.add(text.toString());
      }
    }
    JSON.readTree(SharedData.path("data/codealpaca/new_codealpaca.json").toFile())
        .forEach(record -> texts.add(record.path("output").asText()));
    try (Tokenizer tokenizer =
        Tokenizer.open(
            folder.resolve("tokenizer_config.json").toFile().exists() ? folder : withEnd(folder))) {
      texts.forEach(text -> same(tokenizer, text));
    }
  }

  @Test
  void tokenizersThatMayJoinWhatACutPartsEncodeWholeTexts() throws IOException {
    ObjectNode prefixed = quickstart();
    ((ObjectNode) prefixed.at("/pre_tokenizer/pretokenizers/1")).put("add_prefix_space", true);
    assertThat(encodesPieces(prefixed)).isFalse();
    ObjectNode lower = quickstart();
    lower.putObject("normalizer").put("type", "Lowercase");
    assertThat(encodesPieces(lower)).isFalse();
    ObjectNode unsplit = quickstart();
    ((ObjectNode) unsplit.at("/pre_tokenizer/pretokenizers/1")).put("use_regex", false);
    assertThat(encodesPieces(unsplit)).isFalse();
    ObjectNode stripping = quickstart();
    ((ObjectNode) stripping.at("/added_tokens/0")).put("lstrip", true);
    assertThat(encodesPieces(stripping)).isFalse();
    ObjectNode spaced = quickstart();
    ((ObjectNode) spaced.at("/added_tokens/1")).put("content", "<|a b|>");
    assertThat(encodesPieces(spaced)).isFalse();
    assertThat(encodesPieces(quickstart())).isTrue();
  }

  /**
   * Their added tokens are looked for with {@code ▁} in front, so that a word before one matters.
   */
  @Test
  void sentencePieceTokenizersWithNormalisedAddedTokensEncodeWholeTexts() throws IOException {
    Path llama = SharedData.path("models/tokenizers/llama2/tokenizer.json");
    ObjectNode tokenizer = (ObjectNode) JSON.readTree(llama.toFile());
    tokenizer.path("added_tokens").forEach(token -> ((ObjectNode) token).put("normalized", true));
    Path folder = written(tokenizer);
    Files.writeString(scratch.resolve("tokenizer_config.json"), "{\"eos_token\": \"</s>\"}");
    try (Tokenizer opened = Tokenizer.open(folder)) {
      assertThat(opened.encodesPieces()).isFalse();
      same(opened, "foo bar</s>");
      same(opened, "foo </s>");
    }
  }

  private boolean encodesPieces(ObjectNode tokenizer) throws IOException {
    try (Tokenizer opened = Tokenizer.open(written(tokenizer))) {
      same(opened, "Some text, of words  and 12 more.");
      return opened.encodesPieces();
    }
  }

  private static ObjectNode quickstart() throws IOException {
    return (ObjectNode) JSON.readTree(QUICKSTART.resolve("tokenizer.json").toFile());
  }

  private Path written(ObjectNode tokenizer) throws IOException {
    JSON.writeValue(scratch.resolve("tokenizer.json").toFile(), tokenizer);
    Files.writeString(
        scratch.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|endoftext|>\"}");
    return scratch;
  }

  private Path withEnd(Path folder) throws IOException {
    Files.copy(folder.resolve("tokenizer.json"), scratch.resolve("tokenizer.json"));
    Files.writeString(
        scratch.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|endoftext|>\"}");
    return scratch;
  }
}
