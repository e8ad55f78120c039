// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.data.splitter.Meta;
import dev.tributary.data.splitter.Natural;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.text.InstructionExample;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreparationTest {
  @TempDir Path scratch;

  @Test
  void putsEveryGsm8kRecordInExactlyOnePlace() {
    DataConfig config =
        Splits.config(Splits.GSM8K, SharedData.path("data/gsm8k/train.jsonl"), Splits.uniform(3));
    SplitDirectory split = Splits.prepare(config, 17, scratch.resolve("split"));
    Manifest manifest = split.manifest();
    assertThat(manifest.records()).isEqualTo(7473);
    assertThat(manifest.total()).isEqualTo(7473);
    assertThat(manifest.skipped()).isEmpty();
    assertThat(manifest.examples().get("train")).isBetween(5977L, 5980L);
    assertThat(manifest.examples().get("test")).isBetween(746L, 749L);
    assertThat(manifest.clients())
        .extracting(Manifest.Client::total)
        .containsExactly(2491L, 2491L, 2491L);
    assertThat(Splits.places(split)).hasSize(7473);

    List<InstructionExample> read = new ArrayList<>();
    for (int client = 0; client < split.clients(); client++) {
      for (String part : List.of("train", "validation", "test")) {
        List<InstructionExample> mine = Splits.read(split, part, client);
        assertThat(mine).hasSize(Math.toIntExact(split.examples(part, client)));
        assertThat(mine).isSortedAccordingTo(Comparator.comparing(InstructionExample::id));
        read.addAll(mine);
      }
    }
    assertThat(read)
        .hasSize(7473)
        .allSatisfy(
            example -> {
              assertThat(example.id()).matches("[0-9a-f]{32}-[0-9]+");
              assertThat(example.input()).isEmpty();
              assertThat(example.output()).contains("The answer is").doesNotContain("####");
            });
  }

  @ParameterizedTest
  @CsvSource({
    "alpaca/alpaca_data.first_5000.json, 5000",
    "alpaca_cleaned/alpaca_cleaned.train_4900.json, 4900",
    "codealpaca/code_alpaca_2k.json, 2017",
    "codealpaca/new_codealpaca.json, 4535"
  })
  void readsTheAlpacaFamily(String file, int records) {
    DataConfig config =
        Splits.config(Splits.ALPACA, SharedData.path("data/" + file), Splits.uniform(2));
    SplitDirectory split = Splits.prepare(config, 1, scratch.resolve("split"));
    assertThat(split.manifest().total()).isEqualTo(records);
    assertThat(Splits.places(split)).hasSize(records);
  }

  @Test
  void givesEachDollyCategoryAClientThatIsHeldOutFromItself() {
    DataConfig config =
        Splits.config(
            Splits.DOLLY, SharedData.path("data/dolly/databricks-dolly-15k.jsonl"), Splits.meta(0));
    SplitDirectory split = Splits.prepare(config, 17, scratch.resolve("split"));
    Manifest manifest = split.manifest();
    assertThat(manifest.clients())
        .extracting(Manifest.Client::name)
        .containsExactly(
            "brainstorming",
            "classification",
            "closed_qa",
            "creative_writing",
            "general_qa",
            "information_extraction",
            "open_qa",
            "summarization");
    assertThat(manifest.clients())
        .extracting(Manifest.Client::total)
        .containsExactly(1766L, 2136L, 1773L, 709L, 2191L, 1506L, 3742L, 1188L);
    assertThat(manifest.notes()).containsEntry("duplicates", 8L);
    assertThat(manifest.skew().max()).isBetween(0.9, 1.0);
    for (Manifest.Client client : manifest.clients()) {
      assertThat(client.categories()).containsOnlyKeys(client.name());
      long total = client.total();
      assertThat((double) split.examples("test", client.client()))
          .isBetween(total * 0.1 - 1, total * 0.1 + 1);
      assertThat(Splits.read(split, "test", client.client()))
          .allSatisfy(example -> assertThat(example.category()).isEqualTo(client.name()));
    }
  }

  @Test
  void clientsAreTestedOnCategoriesThatTheyTrainOn() {
    Path dolly = SharedData.path("data/dolly/databricks-dolly-15k.jsonl");
    for (double alpha : new double[] {0.05, 0.5}) {
      DataConfig config = Splits.config(Splits.DOLLY, dolly, Splits.dirichlet(alpha, 10));
      SplitDirectory split = Splits.prepare(config, 5, scratch.resolve("alpha-" + alpha));
      assertThat(Splits.places(split)).hasSize(15011);
      for (Manifest.Client client : split.manifest().clients()) {
        client
            .categories()
            .forEach(
                (category, byPart) -> {
                  double total = byPart.values().stream().mapToLong(n -> n).sum();
                  assertThat(byPart.get("train")).as(client.name() + " " + category).isPositive();
                  assertThat((double) byPart.getOrDefault("test", 0L))
                      .isLessThanOrEqualTo(total * 0.1 + 1);
                  assertThat((double) byPart.getOrDefault("train", 0L))
                      .isGreaterThanOrEqualTo(total * 0.8 - 1);
                });
      }
    }
  }

  @Test
  void assignsAlikeWhateverTheOrderOfRecordsFilesAndPieces() throws IOException {
    List<String> records =
        Files.readAllLines(SharedData.path("data/dolly/databricks-dolly-15k.jsonl"));
    Path whole = Files.write(scratch.resolve("whole.jsonl"), records);
    List<String> shuffled = new ArrayList<>(records);
    Collections.shuffle(shuffled, new Random(3));
    Path folder = Files.createDirectory(scratch.resolve("folder"));
    Files.write(folder.resolve("b.jsonl"), shuffled.subList(0, 9000));
    try (OutputStream out =
        new GZIPOutputStream(Files.newOutputStream(folder.resolve("a.jsonl.gz")))) {
      out.write(String.join("\n", shuffled.subList(9000, 12000)).getBytes(StandardCharsets.UTF_8));
    }
    Files.writeString(
        folder.resolve("c.json"),
        "[" + String.join(",\n", shuffled.subList(12000, shuffled.size())) + "]\n");

    DataConfig config = Splits.config(Splits.DOLLY, whole, Splits.dirichlet(0.5, 5));
    Map<String, String> places = Splits.places(Splits.prepare(config, 9, scratch.resolve("s")));
    assertThat(places).hasSize(15011);
    for (int tasks : new int[] {1, 3, 16}) {
      SplitDirectory again =
          Preparation.prepare(
              LocalSpark.session(),
              Splits.config(Splits.DOLLY, folder, Splits.dirichlet(0.5, 5)),
              9,
              scratch.resolve("s" + tasks).toString(),
              PreparationContext.plain(),
              line -> {},
              tasks);
      assertThat(Splits.places(again)).isEqualTo(places);
    }
    Map<String, String> otherSeed =
        Splits.places(Splits.prepare(config, 10, scratch.resolve("other")));
    assertThat(otherSeed.keySet()).isEqualTo(places.keySet());
    assertThat(otherSeed).isNotEqualTo(places);
  }

  @Test
  void keepsAskedForColumnsAndSplitsByThem() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      lines.add(
          "{\"q\": \"q%d\", \"a\": \"a\", \"site\": {\"id\": %d}, \"level\": %d, \"split\": 1}"
              .formatted(i, i % 3, i % 2));
    }
    Path file = Files.write(scratch.resolve("sites.jsonl"), lines);
    DataConfig config =
        Splits.config(
            Splits.jsonl("q", "", "a", "level", "site"),
            file,
            new Choice<>(new Meta.Provider(), new Meta.Config("site", 0)));
    SplitDirectory split = Splits.prepare(config, 1, scratch.resolve("split"));
    assertThat(split.manifest().clients())
        .extracting(Manifest.Client::name)
        .containsExactly("{\"id\":0}", "{\"id\":1}", "{\"id\":2}");
    assertThat(split.manifest().columns()).endsWith("output", "site");
    assertThat(split.manifest().categories()).containsOnlyKeys("0", "1");
    assertThat(
            split
                .examples(LocalSpark.session())
                .where("client = 2")
                .select("site")
                .distinct()
                .collectAsList())
        .singleElement()
        .satisfies(row -> assertThat(row.getString(0)).isEqualTo("{\"id\":2}"));
  }

  @Test
  void oneFieldMayServeSeveralTimes() throws IOException {
    Path file =
        Files.write(
            scratch.resolve("terse.jsonl"),
            List.of(
                "{\"input\": \"q\", \"output\": \"a\", \"category\": \"c\", \"source\": 1.50}"));
    assertThat(only(Splits.jsonl("input", "", "output", ""), file))
        .containsExactly("c", "q", "", "a");
    assertThat(only(Splits.jsonl("output", "", "output", ""), file))
        .containsExactly("c", "a", "q", "a");
    assertThat(only(Splits.jsonl("category", "", "output", "output"), file))
        .containsExactly("a", "c", "q", "a");
    assertThat(only(Splits.jsonl("output", "", "category", ""), file))
        .containsExactly("", "a", "q", "c");
    assertThat(only(Splits.jsonl("output", "", "output", "source", "source"), file))
        .containsExactly("1.50", "a", "q", "a", "1.50");
  }

  /** Category, instruction, input, output and further columns of a corpus's one example. */
  private List<Object> only(Choice<Corpus> corpus, Path file) throws IOException {
    Path output = Files.createTempDirectory(scratch, "split");
    SplitDirectory split =
        Splits.prepare(Splits.config(corpus, file, Splits.uniform(1)), 1, output);
    List<String> columns = split.manifest().columns();
    Row row =
        split
            .examples(LocalSpark.session())
            .selectExpr(columns.subList(1, columns.size()).toArray(String[]::new))
            .collectAsList()
            .get(0);
    return IntStream.range(0, row.size()).mapToObj(row::get).toList();
  }

  @Test
  void usesAWholeSplitAgainAndRefusesAnother() throws IOException {
    Path file = tiny(20);
    Path output = scratch.resolve("split");
    DataConfig config = Splits.config(Splits.JSONL, file, Splits.uniform(2));
    Splits.prepare(config, 1, output);
    Path examples = output.resolve("examples");
    var written = Files.getLastModifiedTime(examples);
    List<String> log = new ArrayList<>();
    Preparation.prepare(
        LocalSpark.session(), config, 1, output.toString(), PreparationContext.plain(), log::add);
    assertThat(log).containsExactly("Using the split that is in " + output);
    assertThat(Files.getLastModifiedTime(examples)).isEqualTo(written);

    DataConfig other = Splits.config(Splits.JSONL, file, Splits.uniform(3));
    assertThatThrownBy(() -> Splits.prepare(other, 2, output))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot prepare into "
                + output
                + ": another split is there (seed: 1 in the split, 2 asked for; splitter.clients: 2"
                + " in the split, 3 asked for); name another data.output, or remove that split");
    Files.writeString(file, Files.readString(file).replace("q7", "q77"));
    assertThatThrownBy(() -> Splits.prepare(config, 1, output))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("content of the corpus (SHA-256): ");
    Files.delete(file);
    assertThat(Splits.prepare(config, 1, output).clients()).isEqualTo(2);
  }

  @Test
  void readsPlainPathsFromThisMachineWhateverTheDefaultFileSystem() throws IOException {
    SparkSession elsewhere = LocalSpark.session().newSession();
    elsewhere.conf().set("fs.defaultFS", "elsewhere:///");
    Path file = tiny(20);
    Path fromHere = Path.of("").toAbsolutePath().relativize(file);
    DataConfig config = Splits.config(Splits.JSONL, fromHere, Splits.uniform(2));
    String output = scratch.resolve("split").toUri().toString();
    Preparation.prepare(elsewhere, config, 1, output, PreparationContext.plain(), line -> {});
    assertThat(
            Preparation.prepare(
                    elsewhere, config, 1, output, PreparationContext.plain(), line -> {})
                .clients())
        .isEqualTo(2);
    Files.delete(file);
    SplitDirectory kept =
        Preparation.prepare(elsewhere, config, 1, output, PreparationContext.plain(), line -> {});
    assertThat(kept.manifest().corpus().path()).isEqualTo(fromHere.toString());
  }

  @Test
  void refusesASplitThatHasLostFilesAndPlacesWhereNoneCanBeWritten() throws IOException {
    DataConfig config = Splits.config(Splits.JSONL, tiny(20), Splits.uniform(2));
    Path output = scratch.resolve("split");
    Splits.prepare(config, 1, output);
    Path folder = output.resolve("examples/split=train/client=001");
    Files.move(folder, scratch.resolve("lost"));
    assertThatThrownBy(() -> Splits.prepare(config, 1, output))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("has lost the 8 examples of its folder split=train/client=001")
        .hasMessageContaining("remove the split to make it anew");
    Files.move(scratch.resolve("lost"), folder);
    assertThat(Splits.prepare(config, 1, output).clients()).isEqualTo(2);

    Path file = Files.writeString(scratch.resolve("file"), "");
    assertThatThrownBy(() -> Splits.prepare(config, 1, file.resolve("split")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("Cannot write a split to ")
        .hasMessageContaining("name another data.output");
  }

  @Test
  void refusesSplitsOfOtherVersions() throws IOException {
    Path output = scratch.resolve("split");
    DataConfig config = Splits.config(Splits.JSONL, tiny(20), Splits.uniform(2));
    Splits.prepare(config, 1, output);
    Path manifest = output.resolve("manifest.json");
    Files.writeString(
        manifest,
        Files.readString(manifest).replace("\"format_version\" : 3", "\"format_version\" : 9"));
    assertThatThrownBy(() -> Splits.prepare(config, 1, output))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("is of format version 9, this is the program for version 3");
  }

  @Test
  void countsOverlapOfTrainAndHeldOut() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      lines.add("{\"instruction\": \"same\", \"output\": \"\"}");
    }
    Path file = Files.write(scratch.resolve("same.jsonl"), lines);
    SplitDirectory split =
        Splits.prepare(
            Splits.config(Splits.JSONL, file, Splits.uniform(2)), 1, scratch.resolve("split"));
    Manifest manifest = split.manifest();
    assertThat(manifest.notes()).isEqualTo(Map.of("empty_answers", 100L, "duplicates", 99L));
    assertThat(manifest.overlap())
        .isEqualTo(
            Map.of(
                "validation", manifest.examples().get("validation"),
                "test", manifest.examples().get("test")));
    assertThat(Splits.places(split)).hasSize(100);
  }

  @Test
  void theOrderOfRecordsDecidesNothingEvenWhereOnlyKeptFieldsTellThemApart() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      lines.add(
          "{\"question\": \"q%d\", \"answer\": \"a\", \"topic\": \"t\", \"user\": \"u%d\"}"
              .formatted(i % 20, i));
    }
    Choice<Splitter> byUser = new Choice<>(new Natural.Provider(), new Natural.Config("user", 9));
    List<List<String>> rows = new ArrayList<>();
    for (int order = 0; order < 3; order++) {
      Path file = Files.write(scratch.resolve("order" + order + ".jsonl"), lines);
      for (Choice<Splitter> splitter : List.of(byUser, Splits.uniform(4))) {
        DataConfig config = Splits.config(Splits.table(Corpus.Format.JSON), file, splitter);
        SplitDirectory split = Splits.prepare(config, 5, scratch.resolve(splitter.name() + order));
        rows.add(
            split.examples(LocalSpark.session()).collectAsList().stream()
                .map(Row::mkString)
                .sorted()
                .toList());
      }
      Collections.shuffle(lines, new Random(order));
    }
    assertThat(rows.get(2)).isEqualTo(rows.get(0));
    assertThat(rows.get(4)).isEqualTo(rows.get(0));
    assertThat(rows.get(3)).isEqualTo(rows.get(1));
    assertThat(rows.get(5)).isEqualTo(rows.get(1));
  }

  private Path tiny(int records) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < records; i++) {
      lines.add("{\"instruction\": \"q" + i + "\", \"output\": \"a" + i + "\"}");
    }
    return Files.write(scratch.resolve("tiny.jsonl"), lines);
  }
}
