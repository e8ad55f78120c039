// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokenizers that are published as other files than tokenizer.json. */
class TokenizerFormsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  private void write(String name, String... lines) throws IOException {
    Files.writeString(folder.resolve(name), String.join("\n", lines) + "\n");
  }

  // ---- vocabulary and merges

  /** a, b, blank, ab, blank + ab, and what is given, in the order of ids. */
  private void vocabulary(String name, String... more) throws IOException {
    List<String> tokens = new ArrayList<>(List.of("a", "b", "\u0120", "ab", "\u0120ab", "1", "0"));
    tokens.addAll(List.of(more));
    var json = JSON.createObjectNode();
    tokens.forEach(token -> json.put(token, json.size()));
    write(name, json.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "vocab.json, merges.txt",
    "gpt2-vocab.json, gpt2-merges.txt",
    "encoder.json, vocab.bpe"
  })
  void vocabularyAndMergesAreGpt2s(String vocabulary, String merges) throws IOException {
    vocabulary(vocabulary, "<|endoftext|>");
    write(merges, "#version: 0.2", "a b", "\u0120 ab");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("ab abb<|endoftext|>a")).containsExactly(3, 4, 1, 7, 0);
      assertThat(tokenizer.decode(new int[] {3, 4, 1})).isEqualTo("ab abb");
      assertThat(tokenizer.endOfText()).isEqualTo("<|endoftext|>");
      assertThat(tokenizer.size()).isEqualTo(8);
    }
  }

  @Test
  void optBeginsATextWithWhatEndsOne() throws IOException {
    vocabulary("vocab.json", "<pad>", "</s>", "<|endoftext|>");
    write("merges.txt", "#version: 0.2", "a b", "\u0120 ab");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("ab")).containsExactly(8, 3);
      assertThat(tokenizer.encodePlain("ab")).containsExactly(3);
      assertThat(tokenizer.endOfText()).isEqualTo("</s>");
    }
  }

  @Test
  void qwenAddsItsSpecialsAndCutsEveryDigit() throws IOException {
    vocabulary("vocab.json");
    write("merges.txt", "a b", "\u0120 ab");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("ab<|im_start|>10")).containsExactly(3, 8, 5, 6);
      assertThat(tokenizer.endOfText()).isEqualTo("<|endoftext|>");
      assertThat(tokenizer.size()).isEqualTo(10);
    }
    write(
        "tokenizer_config.json",
        """
        {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|end|>",
         "added_tokens_decoder": {"7": {"content": "<|end|>"}}}""");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("ab<|end|>")).containsExactly(3, 7);
      assertThat(tokenizer.endOfTextToken()).isEqualTo(7);
    }
  }

  @Test
  void brokenMergesAreNamedByLine() throws IOException {
    vocabulary("vocab.json", "<|endoftext|>");
    write("merges.txt", "#version: 0.2", "a b", "ab c");
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.resolve("merges.txt") + ":3: 'ab c' is not two tokens");
    write("other-vocab.json", "{}");
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .hasMessageContaining("there are [other-vocab.json, vocab.json]; leave the one");
  }

  // ---- tiktoken's ranks

  private void ranks(String... tokens) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int rank = 0; rank < tokens.length; rank++) {
      byte[] bytes = tokens[rank].getBytes(StandardCharsets.UTF_8);
      lines.add(Base64.getEncoder().encodeToString(bytes) + " " + rank);
    }
    write("tokenizer.model", lines.toArray(String[]::new));
  }

  @Test
  void ranksAreLlama3s() throws IOException {
    ranks("a", "b", "c", " ", "bc", "ab", " a", "abc", "1", "11", "111");
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      // bc is joined before ab, and " a" before abc; a word that is a token needs no merge
      assertThat(tokenizer.encode("abc")).containsExactly(11, 7);
      assertThat(tokenizer.encodePlain("aabc abc")).containsExactly(0, 7, 6, 4);
      assertThat(tokenizer.encodePlain("1111")).containsExactly(10, 8);
      assertThat(tokenizer.encodePlain("a<|eot_id|>")).containsExactly(0, 20);
      assertThat(tokenizer.endOfText()).isEqualTo("<|end_of_text|>");
      assertThat(tokenizer.endOfTextToken()).isEqualTo(12);
      assertThat(tokenizer.size()).isEqualTo(11 + 256);
      assertThat(tokenizer.decode(new int[] {11, 7})).isEqualTo("abc");
    }
  }

  @Test
  void brokenRanksAreNamedByLine() throws IOException {
    write("tokenizer.model", "YQ== 0", "Yg== 2");
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .hasMessageStartingWith(
            folder.resolve("tokenizer.model") + ":2: rank 2 stands where 1 is due");
    write("tokenizer.model", "YQ== 0", "Yg 1 1");
    assertThatThrownBy(() -> Tokenizer.open(folder)).hasMessageContaining(":2: 'Yg 1 1' is not a");
  }

  // ---- SentencePiece

  private static byte[] field(int number, int wireType, byte[] value) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(number << 3 | wireType);
    if (wireType == 2) {
      out.write(value.length); // short ones only
    }
    out.write(value);
    return out.toByteArray();
  }

  private static byte[] piece(String text, float score, int type) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(field(1, 2, text.getBytes(StandardCharsets.UTF_8)));
    out.write(
        field(2, 5, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(score).array()));
    out.write(field(3, 0, new byte[] {(byte) type}));
    return field(1, 2, out.toByteArray());
  }

  private void sentencePiece(int modelType) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(piece("<unk>", 0, 2));
    out.write(piece("<s>", 0, 3));
    out.write(piece("</s>", 0, 3));
    for (int b = 0; b < 256; b++) {
      out.write(piece("<0x%02X>".formatted(b), 0, 6));
    }
    String[] pieces = {"ab", "\u2581ab", "bc", "a", "b", "c", "\u2581"};
    for (int i = 0; i < pieces.length; i++) {
      out.write(piece(pieces[i], -i, 1));
    }
    out.write(field(2, 2, field(3, 0, new byte[] {(byte) modelType})));
    Files.write(folder.resolve("tokenizer.model"), out.toByteArray());
  }

  @Test
  void sentencePiecesAreLlamas() throws IOException {
    sentencePiece(2);
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      assertThat(tokenizer.encode("abc")).containsExactly(1, 260, 264);
      assertThat(tokenizer.encodePlain("bc ab")).containsExactly(265, 261, 260);
      // the bytes of what no piece has
      assertThat(tokenizer.encodePlain("\u00e9")).containsExactly(265, 3 + 0xc3, 3 + 0xa9);
      assertThat(tokenizer.decode(tokenizer.encode("bc ab \u00e9"))).isEqualTo("bc ab \u00e9");
      assertThat(tokenizer.endOfText()).isEqualTo("</s>");
    }
  }

  @Test
  void otherModelsOfThatNameAreRefused() throws IOException {
    sentencePiece(1);
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("it is not byte-pair encoding (its model_type is 1)");
    Files.write(folder.resolve("tokenizer.model"), new byte[] {10, 120, 1, 2});
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is neither SentencePiece's model nor tiktoken's ranks");
  }

  @Test
  void aFolderWithoutTokenizerSaysWhatIsLookedFor() {
    assertThatThrownBy(() -> Tokenizer.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "it has none of [tokenizer.json, tokenizer.model (tiktoken's ranks), tokenizer.model"
                + " (SentencePiece), vocab.json and merges.txt]");
  }

  // ---- the published ones

  @ParameterizedTest
  @CsvSource({
    "gpt2, vocab.json merges.txt",
    "llama2, tokenizer.model",
    "llama3, tokenizer.model",
    "opt, gpt2-vocab.json gpt2-merges.txt",
    "qwen1.5, vocab.json merges.txt"
  })
  void publishedFilesGiveThePublishedTokenizer(String name, String files) throws IOException {
    Path published = SharedData.path("models/tokenizers/" + name);
    for (String file : files.split(" ", -1)) {
      Files.copy(published.resolve(file), folder.resolve(file));
    }
    JsonNode recorded =
        JSON.readTree(SharedData.path("fixtures/tokenizers/" + name + "/strings.json").toFile());
    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
      for (JsonNode record : recorded.path("records")) {
        String text = record.path("text").asText();
        assertThat(tokenizer.encode(text))
            .as(text)
            .containsExactly(JSON.convertValue(record.path("ids_with_special"), int[].class));
        assertThat(tokenizer.decode(tokenizer.encode(text)))
            .isEqualTo(record.path("decoded_skip_special").asText());
      }
    }
  }
}
