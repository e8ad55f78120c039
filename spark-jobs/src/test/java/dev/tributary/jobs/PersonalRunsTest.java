// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentException;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.experiment.InputCheck;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.LocalSpark;
import dev.tributary.jobs.table.FairnessRow;
import dev.tributary.jobs.table.RunTables;
import dev.tributary.jobs.table.Table;
import dev.tributary.jobs.table.Tables;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose clients have adapters of their own, from the file to tables and exports. */
class PersonalRunsTest {
  @TempDir static Path directory;
  private static TinyExperiment tiny;
  private static SparkSession spark;

  @BeforeAll
  static void open() {
    tiny = TinyExperiment.in(directory);
    spark = LocalSpark.session();
  }

  private static Experiment experiment(String name, String... overrides) {
    return ExperimentReader.read(tiny.file(name, 2, 4).toString(), List.of(overrides)).experiment();
  }

  private static List<EvaluationRow> figures(String name) {
    return new RunTables(spark, tiny.output(name).toString())
        .read(Tables.EVALUATIONS).stream().map(Table.Stored::values).toList();
  }

  private static byte[] adapter(String name, int client) throws IOException {
    return Files.readAllBytes(
        tiny.output(name).resolve("adapters/client=" + client + "/adapter_model.safetensors"));
  }

  @Test
  void measuresAndExportsGlobalAndPersonalAdaptersSideBySide() throws IOException {
    TrainJob.Result result =
        TrainJob.run(
            spark, experiment("ditto", "training.algorithm={name: ditto}"), Progress.silent());
    assertThat(result.scores().keySet())
        .containsExactly("loss", "loss personal", "gsm8k", "gsm8k personal");
    assertThat(tiny.output("ditto").resolve("adapter")).isDirectory();
    assertThat(adapter("ditto", 0)).isNotEqualTo(adapter("ditto", 1));
    assertThat(
            figures("ditto").stream().filter(row -> row.round() == 2).map(EvaluationRow::adapter))
        .contains("global", "client=0", "client=1", "client=2", "client=3");

    List<FairnessRow> fairness =
        new RunTables(spark, tiny.output("ditto").toString())
            .read(Tables.FAIRNESS).stream().map(Table.Stored::values).toList();
    FairnessRow personal =
        fairness.stream()
            .filter(row -> row.round() == 2 && row.adapters().equals("personal"))
            .filter(row -> row.metric().equals("loss_per_token"))
            .findFirst()
            .orElseThrow();
    assertThat(personal.clients()).isEqualTo(4);
    assertThat(personal.worstDecile()).isGreaterThan(personal.bestDecile()); // losses
    assertThat(personal.mean())
        .isCloseTo(
            java.util.Objects.requireNonNull(result.scores().get("loss personal"))
                .after()
                .orElseThrow(),
            within(1e-12));
    assertThat(fairness).anySatisfy(row -> assertThat(row.adapters()).isEqualTo("global"));

    Path to = directory.resolve("exported");
    ExportJob.run(
        tiny.output("ditto"),
        java.util.Optional.of(2),
        to,
        ExportJob.Form.PEFT_ADAPTER,
        Progress.silent());
    assertThat(Files.readAllBytes(to.resolve("adapter_model.safetensors")))
        .isEqualTo(adapter("ditto", 2));
  }

  @Test
  void fineTuningBeforeAnEvaluationLeavesTrainingAlone() throws IOException {
    TrainJob.Result plain = TrainJob.run(spark, experiment("plain"), Progress.silent());
    TrainJob.Result tuned =
        TrainJob.run(spark, experiment("tuned", "evaluation.fine-tune-steps=5"), Progress.silent());
    assertThat(tuned.sha256()).isEqualTo(plain.sha256());
    assertThat(figures("tuned").stream().map(EvaluationRow::adapter))
        .contains("global", "client=3+5");
    byte[] own = adapter("tuned", 1);
    try (Stream<Path> rounds =
        Files.list(tiny.output("tuned").resolve("ledger").resolve("fine-tuned"))) {
      assertThat(rounds).hasSize(1); // of the chosen round
    }
    // run again: nothing is trained anew, and all is as it was
    TrainJob.run(spark, experiment("tuned", "evaluation.fine-tune-steps=5"), Progress.silent());
    assertThat(adapter("tuned", 1)).isEqualTo(own);
  }

  @Test
  void ranksOfClientsEndInOneAdapter() {
    for (String rule : List.of("{name: flexlora, ranks: [1, 2, 4]}", "{name: fedex}")) {
      String name = rule.replaceAll("\\W+", "-");
      TrainJob.Result result =
          TrainJob.run(
              spark,
              experiment(
                  "rule" + name,
                  "training.aggregation=" + rule,
                  "training.optimizer.weight-decay=0"),
              Progress.silent());
      assertThat(result.loss().after().orElseThrow())
          .isLessThan(result.loss().before().orElseThrow());
      assertThat(
              new RunTables(spark, tiny.output("rule" + name).toString())
                  .read(Tables.LAYERS).stream().map(row -> row.values().round()))
          .contains(1, 2);
    }
  }

  @Test
  void refusesWhatMakesNoSense() {
    refused("training.aggregation={name: flexlora, ranks: [8]}", "the server holds rank 4");
    refused("training.sampling={name: trace, path: none.csv}", "none.csv: there is no such file");
    refused("training.sampling={name: fixed, clients: [0, 1]}", "sampling names its clients");
    refused("training.participation={quorum: 4}", "a round has 3 clients");
    refused("training.messages={upload: [zstd, int8]}", "give the number format first");
    refused("training.aggregation={name: flexlora}", "training.aggregation.ranks");
    refused("training.aggregation={name: fedexx}", "did you mean fedex");
    refused("training.algorithm={name: pfedmee}", "did you mean pfedme");
    refused("training.aggregation=fedex", "training.optimizer.weight-decay");
    for (String algorithm : List.of("fedadam", "fedsa")) {
      refused(
          "training.aggregation=exact training.algorithm=" + algorithm,
          "with algorithm " + algorithm + " it makes no sense");
    }
    refused("training.aggregation=exact training.keep-state=true", "with keep-state");
    refused("training.aggregation=exact adapter={method: full}", "low-rank updates");
    refused(
        "training.aggregation=exact training.scenario=local training.clients-per-round=null",
        "nothing is aggregated");
    refused(
        "training.algorithm={name: fedsa, personal: [lora_C]}", "no tensor of the adapter fits");
    refused(
        "training.algorithm={name: fedrep, personal: [lora_B], personal-steps: 4}",
        "leave none for what is shared");
    refused(
        "evaluation.fine-tune-steps=3 training.scenario=global training.clients-per-round=null",
        "nobody to fine-tune for");
  }

  private static void refused(String keys, String reason) {
    String[] overrides = keys.split(" (?=training|adapter|evaluation)");
    assertThatThrownBy(
            () ->
                InputCheck.check(
                    ExperimentReader.read(
                        tiny.file("refused", 2, 4).toString(), List.of(overrides))))
        .isInstanceOf(ExperimentException.class)
        .hasMessageContaining(reason);
  }
}
