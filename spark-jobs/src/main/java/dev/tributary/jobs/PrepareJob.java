// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.data.Preparation;
import dev.tributary.data.SplitDirectory;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** {@code prepare}: a corpus becomes a split directory; one that is there already is kept. */
public final class PrepareJob {
  /**
   * What was prepared.
   *
   * @param output the split directory
   * @param examples by split
   * @param skipped records of the corpus that are no examples, by reason
   */
  public record Result(
      String output, int clients, Map<String, Long> examples, Map<String, Long> skipped) {}

  private PrepareJob() {}

  /**
   * Prepares an experiment's data.
   *
   * @throws dev.tributary.fl.config.InputException if the corpus cannot be used
   */
  public static Result run(SparkSession spark, Experiment experiment, Progress progress) {
    SplitDirectory split = split(spark, experiment, progress);
    return new Result(
        split.path().replaceFirst("^file:/+", "/"),
        split.clients(),
        split.manifest().examples(),
        split.manifest().skipped());
  }

  /** The split of an experiment, prepared if need be. */
  static SplitDirectory split(SparkSession spark, Experiment experiment, Progress progress) {
    return Preparation.prepare(
        spark, experiment.data(), experiment.seed(), output(experiment), progress::say);
  }

  /** Where an experiment's split lies: a place that all machines take for the same. */
  static String output(Experiment experiment) {
    return RunDirectory.uri(
        experiment
            .data()
            .output()
            .orElseGet(() -> experiment.output().replaceAll("/+$", "") + "/split"));
  }
}
