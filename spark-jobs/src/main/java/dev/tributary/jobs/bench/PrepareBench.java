// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.jobs.PrepareJob;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** How many records of a corpus become a split in a second, once Spark is up. */
public final class PrepareBench {
  private PrepareBench() {}

  /**
   * @param experiment whose split is not there yet
   * @return {@code records} (examples and skipped ones), {@code clients}, {@code prepare_seconds}
   *     and {@code records_per_second}
   * @throws dev.tributary.fl.config.InputException if the corpus cannot be used
   */
  public static Map<String, Object> run(
      SparkSession session, Experiment experiment, Progress progress) {
    long start = System.nanoTime();
    PrepareJob.Result made = PrepareJob.runFromCorpus(session, experiment, progress);
    double seconds = (System.nanoTime() - start) / 1e9;
    long records = sum(made.examples()) + sum(made.skipped());
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("work", "prepare");
    result.put("master", session.sparkContext().master());
    result.put("records", records);
    result.put("clients", made.clients());
    result.put("prepare_seconds", Timings.rounded(seconds));
    result.put("records_per_second", Timings.rounded(records / seconds));
    return result;
  }

  private static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }
}
