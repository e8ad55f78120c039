// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.fl.config.InputException;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.progress.RecordedProgress;
import dev.tributary.jobs.spark.LocalSpark;
import dev.tributary.jobs.table.RunRow;
import dev.tributary.jobs.table.RunTables;
import dev.tributary.jobs.table.Table;
import dev.tributary.jobs.table.Tables;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainJobTest {
  private static final int ROUNDS = 3;

  @TempDir private static Path directory;
  private static TinyExperiment tiny;
  private static SparkSession spark;

  /** Undisturbed. */
  private static TrainJob.Result reference;

  @BeforeAll
  static void trainUndisturbed() {
    tiny = TinyExperiment.in(directory);
    spark = LocalSpark.session();
    reference = TrainJob.run(spark, experiment("reference"), Progress.silent());
  }

  private static Experiment experiment(String name, String... overrides) {
    return ExperimentReader.read(tiny.file(name, ROUNDS, 4).toString(), List.of(overrides))
        .experiment();
  }

  @Test
  void leavesAnAdapterWhoseLossHasFallen() {
    assertThat(reference.rounds()).isEqualTo(ROUNDS);
    assertThat(reference.chosenRound()).isEqualTo(ROUNDS);
    assertThat(reference.loss().after().orElseThrow())
        .isLessThan(reference.loss().before().orElseThrow());
    assertThat(reference.scores().keySet()).containsExactly("loss", "gsm8k");
    Path run = tiny.output("reference");
    assertThat(run.resolve("adapter")).isDirectoryContaining("glob:**adapter_config.json");
    assertThat(run.resolve("run.json")).content().contains("\"checkpointSha256\"");
    assertThat(run.resolve(".lease")).doesNotExist();
  }

  @Test
  void leavesTables() {
    RunTables tables = new RunTables(spark, tiny.output("reference").toString());
    assertThat(tables.read(Tables.ROUNDS)).hasSize(ROUNDS);
    assertThat(tables.read(Tables.CLIENTS)).hasSize(3 * ROUNDS);
    assertThat(tables.read(Tables.RUNS).get(0).values().chosenRound()).contains(ROUNDS);
    List<EvaluationRow> figures =
        tables.read(Tables.EVALUATIONS).stream().map(Table.Stored::values).toList();
    assertThat(figures).extracting(EvaluationRow::round).contains(0, 1, 2, 3);
    List<AnswerRow> answers =
        tables.read(Tables.ANSWERS).stream().map(Table.Stored::values).toList();
    assertThat(answers).hasSize(4 * (ROUNDS + 1));
    assertThat(answers).allSatisfy(answer -> assertThat(answer.notRun()).isEmpty());
  }

  @Test
  void measuresOnWhatTheServerHoldsAndNoClientHasSeen() {
    Experiment experiment =
        experiment(
            "served",
            "training.rounds=1",
            "data.output=" + tiny.output("served-split"),
            "data.holdout={train: 0.5, validation: 0.1, test: 0.1, server: 0.3}",
            "evaluation.tasks=[{name: loss, split: server}]");
    TrainJob.Result result = TrainJob.run(spark, experiment, Progress.silent());
    assertThat(result.loss().after()).isPresent();
    RunTables tables = new RunTables(spark, tiny.output("served").toString());
    assertThat(tables.read(Tables.EVALUATIONS).stream().map(Table.Stored::values))
        .hasSize(6) // three figures before and after, of all together and of no client
        .allSatisfy(
            row -> {
              assertThat(row.split()).isEqualTo("server");
              assertThat(row.client()).isEmpty();
              assertThat(row.instances()).isEqualTo(18);
              assertThat(row.value()).isPresent();
            });
  }

  @Test
  void runsWherePathsHaveSpacesAndOtherCharacters() {
    String output = tiny.output("my run, 50%20 é") + "/a b";
    Experiment own =
        experiment(
            "spaced", "training.rounds=1", "output=" + output, "data.output=" + output + "/split");
    TrainJob.run(spark, own, Progress.silent());
    assertThat(Path.of(output, "split", "manifest.json")).exists();
    assertThat(Path.of(output, "adapter", "adapter_config.json")).exists();
    assertThat(PrepareJob.run(spark, own, Progress.silent()).output()).isEqualTo(output + "/split");
    assertThat(DescribeJob.describe(spark, own, Progress.silent()).page()).startsWith(output);
    assertThat(Path.of(output, "split", "report", "index.html")).exists();
  }

  @Test
  void doesNothingAgainWhenAllIsDone() {
    RecordedProgress progress = new RecordedProgress();
    TrainJob.Result again = TrainJob.run(spark, experiment("reference"), progress);
    assertThat(again).isEqualTo(reference);
    assertThat(progress.events()).noneMatch(event -> event.contains("say Round"));
  }

  @Test
  void goesOnAfterADeathInMidRoundToTheSameBytes() {
    Experiment experiment = experiment("disturbed");
    assertThatThrownBy(() -> TrainJob.run(spark, experiment, dyingAt("round 2/3")))
        .isInstanceOf(Death.class);
    assertThatThrownBy(() -> TrainJob.run(spark, experiment, dyingAt("round 3/3")))
        .isInstanceOf(Death.class);
    TrainJob.Result result = TrainJob.run(spark, experiment, Progress.silent());
    assertThat(result.sha256()).isEqualTo(reference.sha256());
    assertThat(result.scores()).isEqualTo(reference.scores());
  }

  @Test
  void continuesARunWithMoreRounds() {
    TrainJob.run(spark, experiment("longer", "training.rounds=2"), Progress.silent());
    TrainJob.Result result = TrainJob.run(spark, experiment("longer"), Progress.silent());
    assertThat(result.sha256()).isEqualTo(reference.sha256());
  }

  @Test
  void refusesTheRunDirectoryOfAnotherExperiment() {
    assertThatThrownBy(
            () ->
                TrainJob.run(
                    spark,
                    experiment("reference", "training.local-steps=9", "seed=6"),
                    Progress.silent()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("training.local-steps = 4 there, 9 here")
        .hasMessageContaining("seed = 5 there, 6 here");
  }

  @Test
  void refusesExamplesThatAreLongerThanTheModelCanTake() {
    assertThatThrownBy(
            () -> TrainJob.run(spark, experiment("long", "data.max-tokens=600"), Progress.silent()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "data.max-tokens = 600 is not valid; the model has 512 positions; give at most as"
                + " many");
    assertThat(tiny.output("long").resolve("split")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"federated", "local", "global"})
  void namesTheClientsThatHaveNothingToLearnBeforeAnybodyTrains(String scenario) {
    assertThatThrownBy(
            () ->
                TrainJob.run(
                    spark,
                    experiment(
                        "cut-" + scenario,
                        "data.max-tokens=20",
                        "training.scenario=" + scenario,
                        "training.clients-per-round=null"),
                    Progress.silent()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "data.max-tokens = 20 is not valid; the prompt alone fills it in all training examples"
                + " of clients 0, 1, 2, 3, so nothing is left to learn there; give more, take a"
                + " shorter data.template, or use fewer clients or another splitter");
    assertThat(tiny.output("cut-" + scenario).resolve("ledger")).doesNotExist();
  }

  @Test
  void trainsOneClientOnAllData() {
    TrainJob.Result result =
        TrainJob.run(
            spark,
            experiment("global", "training.scenario=global", "training.clients-per-round=null"),
            Progress.silent());
    RunTables tables = new RunTables(spark, tiny.output("global").toString());
    assertThat(tables.read(Tables.CLIENTS))
        .hasSize(ROUNDS)
        .allSatisfy(row -> assertThat(row.values().dataSize()).isEqualTo(42));
    assertThat(result.sha256()).isNotEqualTo(reference.sha256());
  }

  @Test
  void leavesAnAdapterForEachClientThatTrainsAlone() throws IOException {
    TrainJob.Result result =
        TrainJob.run(
            spark,
            experiment(
                "local",
                "training.scenario=local",
                "training.clients-per-round=null",
                "training.rounds=2",
                "evaluation.tasks=[{name: loss, split: validation}]"),
            Progress.silent());
    assertThat(result.adapter()).endsWith("/adapters");
    try (Stream<Path> folders = Files.list(tiny.output("local").resolve("adapters"))) {
      assertThat(folders.map(folder -> folder.getFileName().toString()).sorted())
          .containsExactly("client=0", "client=1", "client=2", "client=3");
    }
    RunTables tables = new RunTables(spark, tiny.output("local").toString());
    assertThat(tables.read(Tables.EVALUATIONS))
        .extracting(row -> row.values().adapter())
        .contains("global", "client=0", "client=3");
  }

  @Test
  void keepsTheBestRound() {
    TrainJob.Result result =
        TrainJob.run(
            spark,
            experiment(
                "best",
                "training.keep=best",
                "training.keep-by=loss",
                "training.optimizer.learning-rate=2.0",
                "evaluation.tasks=[{name: loss, split: validation}]"),
            Progress.silent());
    RunTables tables = new RunTables(spark, tiny.output("best").toString());
    double best =
        tables.read(Tables.EVALUATIONS).stream()
            .map(Table.Stored::values)
            .filter(row -> row.round() > 0 && row.client().isEmpty())
            .filter(row -> row.metric().equals("loss_per_token"))
            .mapToDouble(row -> row.value().orElseThrow())
            .min()
            .orElseThrow();
    assertThat(result.loss().after()).hasValue(best);
  }

  @Test
  void evaluatingARunByOtherQuestionsLeavesItsResultAlone() throws IOException {
    String[] best = {"training.keep=best", "training.keep-by=gsm8k"}; // of equals the earliest
    TrainJob.Result trained = TrainJob.run(spark, experiment("asked", best), Progress.silent());
    assertThat(trained.chosenRound()).isLessThan(ROUNDS);
    Path run = tiny.output("asked");
    String yaml = Files.readString(run.resolve("experiment.yaml"));
    RunTables tables = new RunTables(spark, run.toString());
    RunRow before = tables.read(Tables.RUNS).get(0).values();

    List<String> fewer = new ArrayList<>(List.of(best));
    fewer.add("evaluation.tasks[1].limit=2");
    EvaluateJob.Result asked =
        EvaluateJob.run(
            spark, experiment("asked", fewer.toArray(String[]::new)), Progress.silent());

    assertThat(asked.round()).isEqualTo(trained.chosenRound());
    assertThat(asked.answers()).hasSize(2);
    assertThat(run.resolve("experiment.yaml")).content().isEqualTo(yaml);
    assertThat(tables.read(Tables.RUNS).get(0).values()).isEqualTo(before);
    // the other rounds' answers are still there, the chosen one's are the latest
    assertThat(tables.read(Tables.ANSWERS)).hasSize(4 * ROUNDS + 2);

    TrainJob.Result again = TrainJob.run(spark, experiment("asked", best), Progress.silent());
    assertThat(again).isEqualTo(trained);
    assertThat(tables.read(Tables.ANSWERS)).hasSize(4 * (ROUNDS + 1));
    assertThat(tables.read(Tables.RUNS).get(0).values()).isEqualTo(before);
  }

  @Test
  void anInterruptedRunIsNotEndedByEvaluatingIt() {
    Experiment experiment = experiment("interrupted");
    assertThatThrownBy(() -> TrainJob.run(spark, experiment, dyingAt("round 3/3")))
        .isInstanceOf(Death.class);
    assertThat(EvaluateJob.run(spark, experiment, Progress.silent()).round()).isEqualTo(2);
    RunTables tables = new RunTables(spark, tiny.output("interrupted").toString());
    RunRow row = tables.read(Tables.RUNS).get(0).values();
    assertThat(row.chosenRound()).isEmpty();
    assertThat(row.finishedAt()).isEmpty();
    assertThat(row.committedRounds()).isEqualTo(2);
  }

  @Test
  void saysWhichTasksThereAreWhenTheBestIsSoughtByAnother() {
    assertThatThrownBy(
            () ->
                TrainJob.run(
                    spark,
                    experiment("unknown", "training.keep=best", "training.keep-by=acuracy"),
                    Progress.silent()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "training.keep-by = acuracy is not valid; no task of the evaluation has that label;"
                + " name one of [loss, gsm8k]");
  }

  /** Ends the driver's thread at the first report that begins so. */
  private static Progress dyingAt(String detail) {
    return new Progress() {
      @Override
      public Task task(String name, long total) {
        return new Task() {
          @Override
          public void advance(long steps, String now) {
            if (now.startsWith(detail)) {
              throw new Death();
            }
          }

          @Override
          public void close() {}
        };
      }

      @Override
      public void say(String text) {}
    };
  }

  private static final class Death extends RuntimeException {
    private static final long serialVersionUID = 1;
  }
}
