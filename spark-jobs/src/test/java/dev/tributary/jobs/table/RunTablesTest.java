// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTablesTest {
  private static SparkSession session;

  @TempDir private Path folder;

  @BeforeAll
  static void open() {
    session =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .getOrCreate();
  }

  @AfterAll
  static void close() {
    session.stop();
  }

  private static <R extends Record> List<R> values(RunTables tables, Table<R> table) {
    return tables.read(table).stream().map(Table.Stored::values).toList();
  }

  @Test
  void givesBackEveryRowThatWasWritten() {
    RunTables tables = new RunTables(session, folder.resolve("a run").toString());

    tables.write(Tables.RUNS, "r1", "sample", List.of(SampleRun.run(4, true)));
    tables.write(Tables.ROUNDS, "r1", "sample", SampleRun.rounds(4));
    tables.write(Tables.CLIENTS, "r1", "sample", SampleRun.clients(4));
    tables.write(Tables.EVALUATIONS, "r1", "sample", SampleRun.evaluations(4));
    tables.write(Tables.ANSWERS, "r1", "sample", SampleRun.answers(4));

    assertThat(values(tables, Tables.RUNS)).containsExactly(SampleRun.run(4, true));
    assertThat(values(tables, Tables.ROUNDS)).isEqualTo(SampleRun.rounds(4));
    assertThat(values(tables, Tables.CLIENTS)).isEqualTo(SampleRun.clients(4));
    List<EvaluationRow> evaluations = values(tables, Tables.EVALUATIONS);
    assertThat(evaluations).isEqualTo(SampleRun.evaluations(4));
    List<AnswerRow> answers = values(tables, Tables.ANSWERS);
    assertThat(answers).isEqualTo(SampleRun.answers(4));
    assertThat(tables.read(Tables.RUNS).get(0).subject()).isEqualTo("r1");
    assertThat(tables.read(Tables.RUNS).get(0).experiment()).isEqualTo("sample");
  }

  @Test
  void writesATableARoundAtATime() {
    RunTables tables = new RunTables(session, folder.toString());
    List<AnswerRow> all = SampleRun.answers(2);
    tables.write(Tables.ANSWERS, "r1", "sample", all);
    for (int round = 0; round <= 2; round++) {
      int now = round;
      List<AnswerRow> rows = all.stream().filter(row -> row.round() == now).toList();
      tables.writeRound(Tables.ANSWERS, "r1", "sample", round, rows);
      tables.writeRound(Tables.ANSWERS, "r1", "sample", round, rows);
    }
    assertThat(values(tables, Tables.ANSWERS)).containsExactlyInAnyOrderElementsOf(all);
  }

  @Test
  void storesTheSchemaThatTheTableSays() {
    RunTables tables = new RunTables(session, folder.toString());
    tables.write(Tables.EVALUATIONS, "r1", "sample", List.of());

    Dataset<Row> stored = session.read().parquet(folder + "/tables/evaluations");

    assertThat(stored.schema().fieldNames()).isEqualTo(Tables.EVALUATIONS.schema().fieldNames());
    assertThat(stored.dtypes())
        .isEqualTo(session.createDataFrame(List.of(), Tables.EVALUATIONS.schema()).dtypes());
    assertThat(tables.read(Tables.EVALUATIONS)).isEmpty();
  }

  @Test
  void replacesATableAndLeavesNothingBehind() throws IOException {
    RunTables tables = new RunTables(session, folder.toString());

    tables.write(Tables.ROUNDS, "r1", "sample", SampleRun.rounds(1));
    tables.write(Tables.ROUNDS, "r1", "sample", SampleRun.rounds(2));

    assertThat(values(tables, Tables.ROUNDS)).isEqualTo(SampleRun.rounds(2));
    try (var left = Files.list(folder.resolve("tables"))) {
      assertThat(left.map(Path::getFileName).map(Path::toString)).containsExactly("rounds");
    }
  }

  @Test
  void readsTheOldTableWhereAWriterWasKilledBetweenItsRenames() throws IOException {
    RunTables tables = new RunTables(session, folder.toString());
    tables.write(Tables.ROUNDS, "r1", "sample", SampleRun.rounds(3));

    Files.move(folder.resolve("tables/rounds"), folder.resolve("tables/.rounds.old"));

    assertThat(values(tables, Tables.ROUNDS)).isEqualTo(SampleRun.rounds(3));
    tables.write(Tables.ROUNDS, "r1", "sample", SampleRun.rounds(4));
    assertThat(values(tables, Tables.ROUNDS)).isEqualTo(SampleRun.rounds(4));
  }

  @Test
  void hasNoRowsBeforeTheFirstIsWritten() {
    assertThat(new RunTables(session, folder.toString()).read(Tables.ANSWERS)).isEmpty();
  }

  @Test
  void readsTablesOfBeforeAColumnWasAdded() {
    RunTables tables = new RunTables(session, folder.toString());
    tables.write(Tables.ROUNDS, "r1", "sample", SampleRun.rounds(2));
    session
        .read()
        .parquet(folder + "/tables/rounds")
        .drop("labels", "committed_at")
        .write()
        .parquet(folder + "/old/tables/rounds");

    List<RoundRow> read =
        values(new RunTables(session, folder.resolve("old").toString()), Tables.ROUNDS);

    assertThat(read).hasSize(2);
    assertThat(read.get(0).labels()).isZero();
    assertThat(read.get(1).meanLoss()).isEqualTo(SampleRun.rounds(2).get(1).meanLoss());
  }
}
