// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.data.Manifest;
import dev.tributary.fl.config.InputException;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.report.SplitDescription;
import dev.tributary.jobs.report.SplitText;
import dev.tributary.jobs.spark.LocalSpark;
import dev.tributary.jobs.table.RunTables;
import dev.tributary.jobs.table.SplitClientRow;
import dev.tributary.jobs.table.Table;
import dev.tributary.jobs.table.Tables;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescribeJobTest {
  private static SparkSession spark;

  @TempDir private Path folder;

  @BeforeAll
  static void open() {
    spark = LocalSpark.session();
  }

  @AfterAll
  static void close() {
    spark.stop();
  }

  private static Experiment read(Path file, String... overrides) {
    return ExperimentReader.read(file.toString(), List.of(overrides)).experiment();
  }

  private Row one(String sql) {
    return spark.sql(sql.replace("TABLES/", folder + "/split/tables/")).first();
  }

  @Test
  void tablesReadBySqlHaveTheFiguresThatAreTold() {
    Experiment tiny = read(TinyExperiment.in(folder).file("tiny", 1, 1), "data.max-tokens=80");
    DescribeJob.Result made = DescribeJob.describe(spark, tiny, Progress.silent());
    Manifest manifest = made.description().manifest();
    SplitDescription.Tokens tokens = made.description().tokens().orElseThrow();
    long longest = tokens.quantiles().getOrDefault(100, 0L);

    Row clients =
        one(
            "SELECT sum(examples), sum(tokens), sum(whole_tokens), sum(cut_examples),"
                + " max(longest_tokens), count(DISTINCT client), min(experiment)"
                + " FROM parquet.`TABLES/split_clients`");
    assertThat(clients.getLong(0)).isEqualTo(60).isEqualTo(manifest.total());
    assertThat(clients.getLong(1)).isEqualTo(tokens.all().tokens());
    assertThat(clients.getLong(2)).isEqualTo(tokens.all().wholeTokens());
    assertThat(clients.getLong(3)).isEqualTo(tokens.all().cut()).isPositive();
    assertThat(clients.getInt(4)).isEqualTo(Math.toIntExact(longest));
    assertThat(clients.getLong(5)).isEqualTo(4);
    assertThat(clients.getString(6)).isEqualTo("tiny");

    Row lengths =
        one(
            "SELECT sum(examples), max(to_tokens), sum(if(from_tokens > 128, examples, 0))"
                + " FROM parquet.`TABLES/split_lengths`");
    assertThat(lengths.getLong(0)).isEqualTo(60);
    assertThat((long) lengths.getInt(1)).isBetween(longest, longest + 15);
    assertThat(lengths.getLong(2)).isEqualTo(tokens.cutAt().get(128));
    assertThat(tokens.cutAt().get(80)).isEqualTo(tokens.all().cut());

    Row whole =
        one(
            "SELECT s.size_gini, s.label_distance_max, s.max_tokens, s.tokens, s.splitter,"
                + " count(*) FROM parquet.`TABLES/splits` s JOIN"
                + " parquet.`TABLES/split_categories` c USING (data_sha256) GROUP BY ALL");
    assertThat(whole.getDouble(0)).isEqualTo(manifest.skew().sizeGini());
    assertThat(whole.getDouble(1)).isEqualTo(manifest.skew().max());
    assertThat(whole.getInt(2)).isEqualTo(80);
    assertThat(whole.getLong(3)).isEqualTo(tokens.all().tokens());
    assertThat(whole.getString(4)).isEqualTo("uniform");
  }

  @Test
  void tellsWhatTheServerHoldsBesideTheClients() throws IOException {
    Experiment tiny =
        read(
            TinyExperiment.in(folder).file("tiny", 1, 1),
            "data.holdout={train: 0.5, validation: 0.1, test: 0.1, server: 0.3}");
    DescribeJob.Result made = DescribeJob.describe(spark, tiny, Progress.silent());
    assertThat(SplitText.of(made.description(), made.tables()))
        .containsPattern("server +0 +0 +0 +18 ");
    assertThat(Files.readString(Path.of(made.page()))).contains("<td>server</td>");
    Row server =
        one(
            "SELECT sum(examples), sum(tokens) FROM parquet.`TABLES/split_clients` WHERE client = -1");
    assertThat(server.getLong(0)).isEqualTo(18);
    assertThat(server.getLong(1)).isPositive();
    assertThat(one("SELECT sum(examples) FROM parquet.`TABLES/split_lengths`").getLong(0))
        .isEqualTo(60);
  }

  @Test
  void describingTwiceGivesTheSame() throws IOException {
    Experiment tiny = read(TinyExperiment.in(folder).file("tiny", 1, 1));
    DescribeJob.Result first = DescribeJob.describe(spark, tiny, Progress.silent());
    String page = Files.readString(Path.of(first.page()));
    List<Table.Stored<SplitClientRow>> rows = rows();

    DescribeJob.Result second = DescribeJob.describe(spark, tiny, Progress.silent());

    assertThat(second).isEqualTo(first);
    assertThat(Files.readString(Path.of(second.page()))).isEqualTo(page);
    assertThat(rows()).isEqualTo(rows).hasSize(12);
    try (Stream<Path> left = Files.list(folder.resolve("split"))) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("manifest.json", "examples", "tokens", "report", "tables");
    }
    try (Stream<Path> left = Files.list(folder.resolve("split/tables"))) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "splits", "split_clients", "split_categories", "split_lengths");
    }
  }

  private List<Table.Stored<SplitClientRow>> rows() {
    return new RunTables(spark, folder + "/split").read(Tables.SPLIT_CLIENTS);
  }

  @Test
  void describesWithoutACheckpointAllButTokens() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 1, 1);
    Files.delete(folder.resolve("model/tokenizer.json"));
    Experiment tiny = read(file);

    DescribeJob.Result made = DescribeJob.describe(spark, tiny, Progress.silent());

    assertThat(made.description().tokens()).isEmpty();
    assertThat(made.description().withoutTokens())
        .contains(folder + "/model")
        .endsWith(" (model.checkpoint=DIR)");
    assertThat(Files.readString(Path.of(made.page()))).contains("Tokens are not counted");
    assertThat(rows()).hasSize(12).allSatisfy(row -> assertThat(row.values().tokens()).isEmpty());
    assertThat(folder.resolve("split/tokens")).doesNotExist();
  }

  @Test
  void tokensAreThoseThatTheRunReads() throws IOException {
    Path file = TinyExperiment.in(folder).file("tiny", 1, 1);
    DescribeJob.Result made = DescribeJob.tokenise(spark, read(file), Progress.silent());
    assertThat(made.description().tokens()).isPresent();
    assertThat(folder.resolve("split/report")).doesNotExist();

    TrainJob.run(spark, read(file), Progress.silent());

    try (Stream<Path> tokens = Files.list(folder.resolve("split/tokens"))) {
      assertThat(tokens).hasSize(1);
    }
  }

  @Test
  void tokensNeedATokenizerBeforeAnythingIsPrepared() {
    Path file = TinyExperiment.in(folder).file("tiny", 1, 1);
    Experiment elsewhere = read(file, "model={checkpoint: hdfs://far/model, dtype: float32}");

    assertThatThrownBy(() -> DescribeJob.tokenise(spark, elsewhere, Progress.silent()))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("Cannot make tokens: Cannot open checkpoint hdfs://far/model")
        .hasMessageEndingWith(" (model.checkpoint=DIR)");
    assertThat(folder.resolve("split")).doesNotExist();
  }
}
