// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tributary.data.corpus.CodeSearchNet;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.InstructionExample;
import dev.tributary.fl.text.PromptTemplates;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SelectionTest {
  @TempDir private Path scratch;

  @Test
  void readsThePartitionsOfCodeSearchNetThatAreAskedFor() {
    Path folder = SharedData.path("data/codesearchnet");
    SplitDirectory train = prepare(Splits.codeSearchNet(List.of("train"), 1), folder, "train");
    assertThat(train.manifest().total()).isEqualTo(18);
    assertThat(train.manifest().clients())
        .extracting(Manifest.Client::name)
        .containsExactly("go", "java", "javascript", "php", "python", "ruby");
    InstructionExample go = Splits.read(train, "train", 0).get(0);
    assertThat(go.instruction()).startsWith("go ");
    assertThat(go.input()).isEmpty();
    assertThat(go.output()).contains("func ");
    assertThat(train.manifest().columns()).contains("repo", "func_name");

    List<String> all = List.of("train", "valid", "test");
    assertThat(prepare(Splits.codeSearchNet(all, 1), folder, "all").manifest().total())
        .isEqualTo(54);
    assertThat(prepare(Splits.codeSearchNet(all, 1), folder.resolve("go"), "go").manifest().total())
        .isEqualTo(9);
    assertThatThrownBy(
            () ->
                prepare(
                    Splits.codeSearchNet(List.of("test"), 1),
                    folder.resolve("go/final/jsonl/nothing"),
                    "nothing"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("there is no such file or folder");
    assertThatThrownBy(() -> new CodeSearchNet.Config(List.of("rust"), List.of("dev"), 0))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("languages = rust is not valid")
        .hasMessageContaining("partitions = dev is not valid")
        .hasMessageContaining("subsample = 0.0 is not valid");
  }

  @Test
  void takesTheSameShareOfEachLanguageWhateverTheFilesOrder() throws IOException {
    Path one = codeSearchNet(1);
    SplitDirectory tenth = prepare(Splits.codeSearchNet(List.of("train"), 0.1), one, "tenth");
    assertThat(tenth.manifest().clients())
        .extracting(Manifest.Client::name, Manifest.Client::total)
        .containsExactly(tuple("go", 20L), tuple("php", 10L));
    assertThat(tenth.manifest().skipped()).isEqualTo(Map.of("not-sampled", 270L));
    assertThat(tenth.manifest().records()).isEqualTo(300);
    Set<String> ids = Splits.places(tenth).keySet();

    SplitDirectory shuffled =
        prepare(Splits.codeSearchNet(List.of("train"), 0.1), codeSearchNet(2), "shuffled");
    assertThat(Splits.places(shuffled)).isEqualTo(Splits.places(tenth));

    SplitDirectory more = prepare(Splits.codeSearchNet(List.of("train"), 0.5), one, "more");
    assertThat(Splits.places(more).keySet()).hasSize(150).containsAll(ids);
  }

  @Test
  void leavesOutDuplicatesAndEmptyAnswersWhereTheFileAsksForIt() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      lines.add("{\"instruction\": \"q%d\", \"output\": \"a\"}".formatted(i % 15));
      lines.add("{\"instruction\": \"e%d\", \"output\": \"%s\"}".formatted(i, i < 3 ? " " : "b"));
    }
    Path file = Files.write(scratch.resolve("corpus.jsonl"), lines);
    DataConfig config = Splits.config(Splits.JSONL, file, Splits.uniform(3));
    Manifest whole = Splits.prepare(config, 1, scratch.resolve("whole")).manifest();
    assertThat(whole.total()).isEqualTo(40);
    assertThat(whole.skipped()).isEmpty();
    assertThat(whole.notes()).isEqualTo(Map.of("duplicates", 5L, "empty_answers", 3L));

    DataConfig cleaned =
        Splits.cleaned(config, new Cleaning(true, false, false, true, Optional.empty()));
    SplitDirectory split = Splits.prepare(cleaned, 1, scratch.resolve("cleaned"));
    assertThat(split.manifest().total()).isEqualTo(32);
    assertThat(split.manifest().skipped()).isEqualTo(Map.of("duplicate", 5L, "empty-answer", 3L));
    assertThat(split.manifest().records()).isEqualTo(40);
    assertThat(split.manifest().notes()).isEqualTo(Map.of("duplicates", 0L, "empty_answers", 0L));
    assertThat(Splits.places(split).keySet()).hasSize(32).allMatch(id -> id.endsWith("-0"));

    assertThatThrownBy(() -> Splits.prepare(config, 1, scratch.resolve("cleaned")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("clean");
  }

  private SplitDirectory prepare(
      dev.tributary.fl.config.Choice<Corpus> corpus, Path path, String output) {
    return Splits.prepare(Splits.config(corpus, path, Splits.meta(0)), 17, scratch.resolve(output));
  }

  /** 200 functions in Go and 100 in PHP, in an order that a number decides. */
  private Path codeSearchNet(int order) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      lines.add(
          "{\"docstring\": \"does %d\", \"language\": \"%s\", \"code\": \"f%d()\"}\n"
              .formatted(i, i % 3 < 2 ? "go" : "php", i));
    }
    Collections.shuffle(lines, new Random(order));
    Path folder = scratch.resolve("csn" + order);
    for (int shard = 0; shard < 3; shard++) {
      Path file = folder.resolve("go/final/jsonl/train/go_train_" + shard + ".jsonl.gz");
      Files.createDirectories(file.getParent());
      try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
        for (String line : lines.subList(shard * 100, shard * 100 + 100)) {
          out.write(line.getBytes(StandardCharsets.UTF_8));
        }
      }
    }
    return folder;
  }

  @Test
  void leavesOutWhatIsOverLongContaminatedOrNearlyTheSameAndCountsEachOnce() throws IOException {
    String benchmark =
        "A train leaves the station at noon with forty people and two dogs on board; how many legs?";
    String passage = IntStream.range(0, 60).mapToObj(i -> "w" + i).collect(joining(" "));
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      lines.add(line("question number " + i, "the answer is " + i));
    }
    lines.add(
        line("Remember: a TRAIN leaves the station at noon, with forty people and two dogs!", "1"));
    lines.add(line("short", "long ".repeat(1000))); // both over-long and contaminated below
    lines.add(line(benchmark + " long ".repeat(200), "2"));
    lines.add(line("about " + passage, "yes"));
    lines.add(line("about " + passage, "yes indeed"));
    lines.add(line("about " + passage + " or so", "yes"));
    lines.add(line("nothing", " "));
    Path file = Files.write(scratch.resolve("corpus.jsonl"), lines);

    DataConfig plain = Splits.config(Splits.JSONL, file, Splits.uniform(2));
    assertThat(Splits.prepare(plain, 1, scratch.resolve("plain")).manifest().total()).isEqualTo(37);

    DataConfig cleaned =
        Splits.cleaned(plain, new Cleaning(true, true, true, true, Optional.of(0.8)));
    ExampleEncoder.Source encoder =
        new ExampleEncoder.Source(
            Splits.quickstartEncoder().tokenizer(), PromptTemplates.ALPACA, 600);
    PreparationContext context =
        new PreparationContext(() -> encoder, () -> List.of(benchmark, "short"), Optional.empty());
    SplitDirectory split = prepare(cleaned, "cleaned", context);
    assertThat(split.manifest().skipped())
        .isEqualTo(
            Map.of("empty-answer", 1L, "over-long", 2L, "contaminated", 1L, "near-duplicate", 2L));
    assertThat(split.manifest().total()).isEqualTo(31);
    assertThat(split.manifest().records()).isEqualTo(37);
    assertThat(split.manifest().clean())
        .containsEntry("near-duplicates", 0.8)
        .containsEntry("over-long-by-encoder-sha256", encoder.sha256())
        .containsKey("contaminated-by-sha256")
        .containsEntry("contaminated-texts-too-short", 1);
    assertThat(prepare(cleaned, "cleaned", context).manifest()).isEqualTo(split.manifest());

    // Another benchmark, or another length, is another split.
    PreparationContext other =
        new PreparationContext(() -> encoder, () -> List.of(passage), Optional.empty());
    assertThatThrownBy(() -> prepare(cleaned, "cleaned", other))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("contaminated-by-sha256");
    assertThat(prepare(cleaned, "other", other).manifest().skipped())
        .containsEntry("contaminated", 3L);
  }

  private SplitDirectory prepare(DataConfig config, String output, PreparationContext context) {
    return Preparation.prepare(
        LocalSpark.session(), config, 1, scratch.resolve(output).toString(), context, line -> {});
  }

  private static String line(String instruction, String output) {
    return "{\"instruction\": \"" + instruction + "\", \"output\": \"" + output + "\"}";
  }
}
