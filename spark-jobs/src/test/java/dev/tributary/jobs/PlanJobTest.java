// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import dev.tributary.jobs.spark.LocalSpark;
import dev.tributary.jobs.testing.TinyExperiment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is told before a run, and what the run then does. */
class PlanJobTest {
  @TempDir Path folder;

  private static Experiment read(Path file, List<String> keys) {
    return ExperimentReader.read(file.toString(), keys).experiment();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "training.keep-state=false",
        "training.keep-state=true",
        "training.scenario=local training.clients-per-round=null",
        "training.scenario=global training.clients-per-round=null training.keep-state=true"
      })
  void stepsAndBytesAreThoseOfTheRun(String keys) {
    Path file = TinyExperiment.in(folder).file("planned", 5, 6);
    List<String> all = new ArrayList<>(List.of(keys.split(" ", -1)));
    all.add("evaluation={}");
    Experiment experiment = read(file, all);
    SparkSession session = LocalSpark.session();

    List<String> shortened = new ArrayList<>(all);
    shortened.addAll(PlanJob.shortened(experiment, session));
    shortened.add("output=" + folder.resolve("short"));
    PlanJob.Costs costs =
        PlanJob.run(session, experiment, read(file, shortened), Progress.silent());

    TrainJob.run(session, experiment, Progress.silent());
    List<LedgerEntry> entries;
    try (RunDirectory directory =
        RunDirectory.open(experiment, session.sparkContext().hadoopConfiguration())) {
      entries = Ledger.open(directory.store()).entries();
    }
    assertThat(costs.rounds()).isEqualTo(entries.size());
    assertThat(costs.clientRounds()).isEqualTo(sum(entries, row -> 1));
    assertThat(costs.steps()).isEqualTo(sum(entries, row -> row.report().steps()));
    assertThat(costs.examples()).isEqualTo(sum(entries, row -> row.report().examplesSeen()));
    assertThat(costs.downloadBytes()).isEqualTo(sum(entries, ClientRow::downloadBytes));
    assertThat(costs.uploadBytes()).isEqualTo(sum(entries, ClientRow::uploadBytes));
    assertThat(costs.hours()).isPositive();
    assertThat(costs.json()).containsKeys("executor_memory_mb", "hours", "download_bytes");
  }

  private static long sum(List<LedgerEntry> entries, ToLongFunction<ClientRow> figure) {
    return entries.stream().flatMap(entry -> entry.clients().stream()).mapToLong(figure).sum();
  }
}
