// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.InstructionExample;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.fl.text.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenisedSplitTest {
  @TempDir Path scratch;

  @Test
  void missingExamplesAreAnErrorOfTheStorage() throws IOException {
    Path file =
        Files.write(
            scratch.resolve("corpus.jsonl"),
            Collections.nCopies(20, "{\"instruction\": \"q\", \"output\": \"a\"}"));
    SplitDirectory split =
        Splits.prepare(
            Splits.config(Splits.JSONL, file, Splits.uniform(2)), 1, scratch.resolve("split"));
    TokenisedSplit tokens =
        TokenisedSplit.encode(LocalSpark.session(), split, Splits.quickstartEncoder());
    assertThat(tokens.read("train", 1)).hasSize(Math.toIntExact(split.examples("train", 1)));
    Path folder = Path.of(tokens.path(), "split=train", "client=001");
    FileUtils.deleteDirectory(folder.toFile());
    assertThatThrownBy(() -> tokens.read("train", 1))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage(
            "Cannot use the tokens in %s: 0 examples are there where the split has %d; give a"
                    .formatted(folder, split.examples("train", 1))
                + " data.output that all machines of the cluster see or, if they see this one,"
                + " remove "
                + tokens.path()
                + " to make the tokens anew");
    assertThat(tokens.read("train", 0)).isNotEmpty();
  }

  @Test
  void executorsReadWhatTheEncoderMakes() throws IOException {
    SplitDirectory split =
        Splits.prepare(
            Splits.config(
                Splits.GSM8K, SharedData.path("data/gsm8k/train.jsonl"), Splits.uniform(3)),
            17,
            scratch.resolve("split"));
    ExampleEncoder.Source source =
        new ExampleEncoder.Source(
            Tokenizer.Source.read(SharedData.path("models/tokenizers/llama2")),
            PromptTemplates.ALPACA,
            128);
    TokenisedSplit tokens = TokenisedSplit.encode(LocalSpark.session(), split, source);
    assertThat(tokens.clients()).isEqualTo(3);
    assertThat(tokens.counts("train").examples())
        .isEqualTo(split.manifest().examples().get("train"));

    ExampleEncoder encoder = source.open();
    try (Tokenizer tokenizer = encoder.tokenizer()) {
      List<InstructionExample> examples = Splits.read(split, "validation", 1);
      List<EncodedExample> read =
          JavaSparkContext.fromSparkContext(LocalSpark.session().sparkContext())
              .parallelize(List.of(1), 1)
              .flatMap(client -> tokens.read("validation", client).iterator())
              .collect();
      assertThat(read).hasSameSizeAs(examples).isNotEmpty();
      TokenisedSplit.Counts counts = TokenisedSplit.Counts.NONE;
      SortedMap<Integer, Long> lengths = new TreeMap<>();
      for (int i = 0; i < read.size(); i++) {
        EncodedExample wanted = encoder.encode(examples.get(i));
        assertThat(read.get(i))
            .usingRecursiveComparison()
            .as("example %d with the tokens of %s", i, tokenizer)
            .isEqualTo(wanted);
        counts =
            counts.plus(
                new TokenisedSplit.Counts(
                    1,
                    wanted.cut() ? 1 : 0,
                    wanted.labels() == 0 ? 1 : 0,
                    wanted.tokens().length,
                    wanted.tokens().length,
                    wanted.labels(),
                    wanted.wholeTokens(),
                    wanted.wholeTokens()));
        lengths.merge(wanted.wholeTokens(), 1L, Long::sum);
      }
      assertThat(tokens.counts("validation", 1)).isEqualTo(counts);
      assertThat(counts.cut()).isPositive();
      assertThat(counts.withoutLabel()).isPositive();
      assertThat(counts.longest()).isEqualTo(128);
      assertThat(counts.longestWhole()).isEqualTo(lengths.lastKey()).isGreaterThan(128);
    }
    assertLengthsAreThoseOfAllExamples(tokens);

    var made = Files.getLastModifiedTime(Path.of(tokens.path(), "manifest.json"));
    TokenisedSplit again = TokenisedSplit.encode(LocalSpark.session(), split, source);
    assertThat(again.path()).isEqualTo(tokens.path());
    assertThat(Files.getLastModifiedTime(Path.of(tokens.path(), "manifest.json"))).isEqualTo(made);
    assertThat(again.counts("test", 2)).isEqualTo(tokens.counts("test", 2));
    assertLengthsAreThoseOfAllExamples(again);
    try (Stream<Path> folders = Files.list(scratch.resolve("split/tokens"))) {
      assertThat(folders).hasSize(1);
    }
    assertThatThrownBy(() -> tokens.read("train", 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("There is no client 3 among the 3");
  }

  private static void assertLengthsAreThoseOfAllExamples(TokenisedSplit tokens) {
    Map<String, SortedMap<Integer, Long>> lengths = tokens.lengths(LocalSpark.session());
    assertThat(lengths.keySet()).containsExactly("train", "validation", "test");
    lengths.forEach(
        (part, counts) -> {
          TokenisedSplit.Counts all = tokens.counts(part);
          assertThat(counts.values().stream().mapToLong(n -> n).sum()).isEqualTo(all.examples());
          assertThat(counts.lastKey()).isEqualTo(all.longestWhole());
          assertThat(counts.entrySet().stream().mapToLong(e -> e.getKey() * e.getValue()).sum())
              .isEqualTo(all.wholeTokens());
          assertThat(counts.tailMap(129).values().stream().mapToLong(n -> n).sum())
              .isEqualTo(all.cut());
        });
  }

  @Test
  void tokensOfAnotherVersionAreNotInTheWay() throws IOException {
    Path file =
        Files.writeString(
            scratch.resolve("corpus.jsonl"), "{\"instruction\": \"q\", \"output\": \"a\"}\n");
    SplitDirectory split =
        Splits.prepare(
            Splits.config(Splits.JSONL, file, Splits.uniform(1)), 1, scratch.resolve("split"));
    String hash = Splits.quickstartEncoder().sha256().substring(0, 16);
    Path earlier = Files.createDirectories(scratch.resolve("split/tokens").resolve(hash));
    Path manifest = earlier.resolve("manifest.json");
    Files.writeString(manifest, "{\"format\": \"tributary-tokens\", \"format_version\": 1}");
    TokenisedSplit tokens =
        TokenisedSplit.encode(LocalSpark.session(), split, Splits.quickstartEncoder());
    assertThat(tokens.path()).endsWith("split/tokens/" + hash + "-3");
    assertThat(tokens.counts("train").examples()).isEqualTo(1);
    assertThat(manifest).exists();
  }
}
