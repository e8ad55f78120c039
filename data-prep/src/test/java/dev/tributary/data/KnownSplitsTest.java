// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.data.splitter.Natural;
import dev.tributary.fl.config.Choice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownSplitsTest {
  private static final String READS_CORPUS = "Reading 1 file";

  @TempDir private Path scratch;
  private Path corpus;

  @BeforeEach
  void writeCorpus() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      String answer = i % 13 == 0 ? "" : "answer " + i % 90; // some are the same but for the user
      lines.add(
          "{\"question\": \"question %d\", \"answer\": \"%s\", \"topic\": \"t%d\", \"user\": %d}"
              .formatted(i % 90, answer, i % 3, i % 7));
    }
    corpus = Files.write(scratch.resolve("corpus.jsonl"), lines);
  }

  @Test
  void anotherSplitterTakesTheExamplesOfASplitThatIsThere() {
    List<String> log = new ArrayList<>();
    prepare(Splits.uniform(3), 1, "first", true, log);
    assertThat(log).anyMatch(line -> line.startsWith(READS_CORPUS));

    for (var splitter : List.of(Splits.uniform(5), Splits.dirichlet(0.3, 4), Splits.meta(2))) {
      log.clear();
      String name = splitter.name() + splitter.config();
      SplitDirectory again = prepare(splitter, 2, name.replaceAll("\\W", ""), true, log);
      assertThat(log)
          .noneMatch(line -> line.startsWith(READS_CORPUS))
          .anyMatch(line -> line.startsWith("Reading the examples of "));
      SplitDirectory fresh = prepare(splitter, 2, "fresh" + name.replaceAll("\\W", ""), false, log);
      assertThat(rows(again)).isEqualTo(rows(fresh));
      assertThat(again.manifest()).isEqualTo(fresh.manifest());
    }
  }

  @Test
  void theServersExamplesAreDealtOutAgainWhereItHoldsNone() {
    List<String> log = new ArrayList<>();
    DataConfig config = config(Splits.uniform(3));
    DataConfig server = Splits.heldOut(config, new Holdout(0.6, 0.1, 0.1, 0.2));
    SplitDirectory first = prepare(server, 1, "server", true, log);
    assertThat(first.manifest().examples()).containsEntry("server", 80L);
    assertThat(first.examples("server", SplitDirectory.SERVER)).isEqualTo(80);
    assertThat(first.examples("server", 0)).isZero();
    assertThat(first.manifest().server().examples()).containsEntry("server", 80L);
    assertThat(first.manifest().server().categories().keySet()).containsExactly("t0", "t1", "t2");
    assertThat(first.manifest().server().labelDistance()).isLessThan(0.05);
    assertThat(first.manifest().holders()).hasSize(4);
    assertThat(Splits.read(first, "server", SplitDirectory.SERVER)).hasSize(80);
    assertThat(first.examples(LocalSpark.session()).where("client = -1 and split = 'server'"))
        .satisfies(rows -> assertThat(rows.count()).isEqualTo(80));
    assertThat(Files.isDirectory(scratch.resolve("server/examples/split=server/client=-01")))
        .isTrue();

    log.clear();
    SplitDirectory without = prepare(config, 1, "without", true, log);
    assertThat(log).noneMatch(line -> line.startsWith(READS_CORPUS));
    assertThat(without.manifest().total()).isEqualTo(400);
    assertThat(rows(without)).isEqualTo(rows(prepare(config, 1, "fresh", false, log)));
  }

  @Test
  void whatIsLeftOutStaysSoAndIsStillCounted() {
    List<String> log = new ArrayList<>();
    Cleaning cleaning = new Cleaning(true, false, false, true, Optional.empty());
    DataConfig one = Splits.cleaned(config(Splits.uniform(3)), cleaning);
    DataConfig other = Splits.cleaned(config(Splits.uniform(4)), cleaning);
    SplitDirectory first = prepare(one, 1, "one", true, log);
    assertThat(first.manifest().skipped().keySet())
        .containsExactlyInAnyOrder("duplicate", "empty-answer");
    log.clear();
    SplitDirectory second = prepare(other, 1, "other", true, log);
    assertThat(log).noneMatch(line -> line.startsWith(READS_CORPUS));
    assertThat(second.manifest().skipped()).isEqualTo(first.manifest().skipped());
    assertThat(second.manifest().records()).isEqualTo(400);
    assertThat(second.manifest()).isEqualTo(prepare(other, 1, "fresh", false, log).manifest());
  }

  @Test
  void readsTheCorpusWhereAnythingElseIsDifferentOrTheSplitIsGone() throws IOException {
    List<String> log = new ArrayList<>();
    prepare(Splits.uniform(3), 1, "first", true, log);

    log.clear();
    Cleaning cleaning = new Cleaning(true, false, false, false, Optional.empty());
    prepare(Splits.cleaned(config(Splits.uniform(2)), cleaning), 1, "cleaned", true, log);
    assertThat(log).anyMatch(line -> line.startsWith(READS_CORPUS));

    log.clear();
    Files.move(scratch.resolve("first"), scratch.resolve("elsewhere"));
    prepare(Splits.uniform(2), 1, "second", true, log);
    assertThat(log).anyMatch(line -> line.startsWith(READS_CORPUS));

    log.clear();
    Files.writeString(corpus, Files.readString(corpus).replace("question 5", "question five"));
    SplitDirectory changed = prepare(Splits.uniform(4), 1, "changed", true, log);
    assertThat(log).anyMatch(line -> line.startsWith(READS_CORPUS));
    assertThat(rows(changed)).anyMatch(row -> row.contains("question five"));
  }

  @Test
  void nothingHangsOnTheNotesOrOnTheSplitsThatTheyLeadTo() throws IOException {
    List<String> log = new ArrayList<>();
    SplitDirectory first = prepare(Splits.uniform(3), 1, "first", true, log);
    encode(first, log);
    Path notes = scratch.resolve("notes").resolve(first.key());
    Files.writeString(notes.resolve("0000"), "");
    Files.writeString(notes.resolve("0001"), "no:such/file system");
    Files.writeString(notes.resolve("0002"), scratch.resolve("gone").toString());

    log.clear();
    SplitDirectory second = prepare(Splits.uniform(2), 1, "second", true, log);
    assertThat(log).noneMatch(line -> line.startsWith(READS_CORPUS));
    delete(notes);

    // A split whose files are damaged, and one that has lost some, are read in vain.
    Files.createDirectories(notes);
    Files.writeString(notes.resolve("0000"), first.path());
    Files.writeString(notes.resolve("0001"), second.path());
    Path damaged = file(scratch.resolve("first/examples/split=train/client=001"));
    Files.write(damaged, new byte[] {1, 2, 3});
    delete(scratch.resolve("second/examples/split=train/client=001"));
    log.clear();
    SplitDirectory third = prepare(Splits.dirichlet(0.5, 3), 1, "third", true, log);
    assertThat(log)
        .anyMatch(line -> line.startsWith(READS_CORPUS))
        .anyMatch(line -> line.startsWith("They cannot be read to the end: only "))
        .filteredOn(line -> line.startsWith("They cannot be read to the end: "))
        .hasSize(2);
    assertThat(rows(third))
        .isEqualTo(rows(prepare(Splits.dirichlet(0.5, 3), 1, "fresh", false, log)));

    // So are tokens.
    delete(scratch.resolve("first/tokens"));
    delete(notes);
    encode(third, log);
    Files.createDirectories(notes);
    Files.writeString(notes.resolve("0000"), third.path());
    delete(
        file(scratch.resolve("third/tokens"), "manifest.json")
            .resolveSibling("split=train/client=001"));
    SplitDirectory fourth = prepare(Splits.uniform(5), 1, "fourth", true, log);
    log.clear();
    TokenisedSplit tokens = encode(fourth, log);
    assertThat(log).contains("Tokenising 400 examples");
    assertThat(tokens.counts("train").examples()).isEqualTo(320);
  }

  @Test
  void examplesThatWereChangedByHandDoNotSpread() throws IOException {
    List<String> log = new ArrayList<>();
    SplitDirectory first = prepare(Splits.uniform(3), 1, "first", true, log);
    Path folder = scratch.resolve("first/examples/split=train/client=001");
    LocalSpark.session()
        .read()
        .parquet(folder.toString())
        .withColumn("output", functions.concat(functions.lit("CHANGED "), functions.col("output")))
        .write()
        .parquet(scratch.resolve("changed").toString());
    delete(folder);
    Files.move(scratch.resolve("changed"), folder);
    log.clear();
    SplitDirectory second = prepare(Splits.uniform(2), 1, "second", true, log);
    assertThat(log).anyMatch(line -> line.startsWith(READS_CORPUS));
    assertThat(rows(second)).noneMatch(row -> row.contains("CHANGED"));
    assertThat(second.manifest().total()).isEqualTo(first.manifest().total());
  }

  @Test
  void labelsMayHaveDotsInTheirNames() throws IOException {
    Files.writeString(corpus, Files.readString(corpus).replace("\"user\"", "\"user.id\""));
    var fields = Splits.jsonl("question", "", "answer", "topic", "user.id");
    Choice<Splitter> natural =
        new Choice<>(new Natural.Provider(), new Natural.Config("user.id", 1));
    DataConfig config = Splits.config(fields, corpus, natural);
    List<String> log = new ArrayList<>();
    prepare(config, 1, "first", true, log);
    log.clear();
    assertThat(prepare(config, 2, "second", true, log).clients()).isEqualTo(7);
    assertThat(log).noneMatch(line -> line.startsWith(READS_CORPUS));
  }

  private static Path file(Path folder) throws IOException {
    return file(folder, ".parquet");
  }

  private static Path file(Path folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(suffix) && Files.isRegularFile(file))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  void tokensAreDealtOutAnewAndNotMadeAnew() {
    List<String> log = new ArrayList<>();
    SplitDirectory first = prepare(Splits.uniform(3), 1, "first", true, log);
    TokenisedSplit made = encode(first, log);
    assertThat(log).contains("Tokenising 400 examples");

    log.clear();
    DataConfig otherwise =
        Splits.heldOut(config(Splits.dirichlet(0.5, 4)), new Holdout(0.5, 0.2, 0.1, 0.2));
    SplitDirectory second = prepare(otherwise, 2, "second", true, log);
    TokenisedSplit dealt = encode(second, log);
    assertThat(log)
        .noneMatch(line -> line.startsWith("Tokenising"))
        .anyMatch(line -> line.matches("Taking the tokens of .*first"));

    TokenisedSplit fresh =
        TokenisedSplit.encode(
            LocalSpark.session(),
            prepare(otherwise, 2, "fresh", false, log),
            Splits.quickstartEncoder());
    assertThat(dealt.clients()).isEqualTo(4);
    for (String part : List.of("train", "validation", "test", "server")) {
      assertThat(dealt.counts(part)).isEqualTo(fresh.counts(part));
      for (int client = SplitDirectory.SERVER; client < 4; client++) {
        assertThat(dealt.counts(part, client)).isEqualTo(fresh.counts(part, client));
        assertThat(dealt.read(part, client))
            .usingRecursiveFieldByFieldElementComparator()
            .isEqualTo(fresh.read(part, client));
      }
    }
    assertThat(dealt.read("server", SplitDirectory.SERVER)).hasSize(80);
    assertThat(dealt.counts("train", 1).tokens()).isPositive();
    assertThat(made.counts("train").examples()).isEqualTo(320);
    // As a later run finds it.
    assertThat(encode(second, log).counts("server", SplitDirectory.SERVER))
        .isEqualTo(fresh.counts("server", SplitDirectory.SERVER));
  }

  private TokenisedSplit encode(SplitDirectory split, List<String> log) {
    return TokenisedSplit.encode(
        LocalSpark.session(),
        split,
        Splits.quickstartEncoder(),
        Optional.of(scratch.resolve("notes").toString()),
        log::add);
  }

  private DataConfig config(Choice<Splitter> splitter) {
    return Splits.config(Splits.table(Corpus.Format.JSON), corpus, splitter);
  }

  private SplitDirectory prepare(
      Choice<Splitter> splitter, long seed, String output, boolean notes, List<String> log) {
    return prepare(config(splitter), seed, output, notes, log);
  }

  private SplitDirectory prepare(
      DataConfig config, long seed, String output, boolean notes, List<String> log) {
    PreparationContext context =
        new PreparationContext(
            PreparationContext.plain().encoder(),
            PreparationContext.plain().benchmarks(),
            notes ? Optional.of(scratch.resolve("notes").toString()) : Optional.empty());
    return Preparation.prepare(
        LocalSpark.session(), config, seed, scratch.resolve(output).toString(), context, log::add);
  }

  /** Everything in the files. */
  private static List<String> rows(SplitDirectory split) {
    return split.examples(LocalSpark.session()).collectAsList().stream()
        .map(Row::mkString)
        .sorted()
        .toList();
  }
}
