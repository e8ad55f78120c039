// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import org.apache.spark.sql.SparkSession;

/**
 * {@code run}: everything an experiment file says, prepare, train, evaluate, report; what is done
 * already is reused.
 */
public final class RunJob {
  /** Makes the report of a run directory. */
  @FunctionalInterface
  public interface Reporter {
    /**
     * @param runDirectory as the experiment file names it
     */
    void report(SparkSession session, String runDirectory);
  }

  private RunJob() {}

  /**
   * Does all of it.
   *
   * @throws dev.tributary.fl.config.InputException if the input cannot be used
   */
  public static TrainJob.Result run(
      SparkSession session, Experiment experiment, Progress progress, Reporter reporter) {
    PrepareJob.run(session, experiment, progress);
    TrainJob.Result trained = TrainJob.run(session, experiment, progress); // evaluates as it goes
    reporter.report(session, trained.output());
    return trained;
  }
}
