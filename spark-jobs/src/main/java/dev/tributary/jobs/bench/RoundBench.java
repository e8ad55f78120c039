// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.jobs.TrainJob;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;

/**
 * What a round costs beyond its clients' compute: an experiment is trained, and the figures are
 * taken from its ledger.
 *
 * <p>A round's time is that between two commits, so that it has everything in it: sampling, Spark's
 * job, messages, aggregation, the ledger. Its clients' compute is that of its longest client, or,
 * where an executor has more clients than slots, of the busiest executor's clients over its slots.
 * What is left is the overhead; where clients do not fill the slots evenly, their waiting for the
 * last one is part of it.
 */
public final class RoundBench {
  private RoundBench() {}

  /**
   * @param experiment with two rounds or more and without evaluation; its output is a fresh folder
   * @return {@code round_seconds_median}, {@code compute_seconds_median}, {@code
   *     overhead_seconds_median}, {@code overhead_seconds_max} over all rounds but the first, and
   *     {@code sha256} of the adapter
   * @throws InputException if there is one round only, or the input cannot be used
   */
  public static Map<String, Object> run(
      SparkSession session, Experiment experiment, Progress progress) {
    if (experiment.training().rounds() < 2) {
      throw new InputException("The first round is not counted; give training.rounds=2 or more");
    }
    TrainJob.Result trained = TrainJob.run(session, experiment, progress);
    List<LedgerEntry> entries;
    try (RunDirectory directory =
        RunDirectory.open(experiment, session.sparkContext().hadoopConfiguration())) {
      entries = Ledger.open(directory.store()).entries();
    }
    int slots =
        session.sparkContext().defaultParallelism()
            / session.sparkContext().conf().getInt("spark.task.cpus", 1);
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("work", "round");
    result.put("master", session.sparkContext().master());
    result.put("rounds", entries.size());
    result.put("clients", entries.get(0).clients().size());
    result.put("local_steps", experiment.training().localSteps());
    result.putAll(figures(entries, slots));
    result.put("sha256", trained.sha256());
    return result;
  }

  /**
   * @param entries two or more
   * @param slots of all executors together: clients that can train at once
   */
  static Map<String, Object> figures(List<LedgerEntry> entries, int slots) {
    List<Double> rounds = new ArrayList<>();
    List<Double> computes = new ArrayList<>();
    List<Double> overheads = new ArrayList<>();
    for (int i = 1; i < entries.size(); i++) {
      Duration between =
          Duration.between(
              Instant.parse(entries.get(i - 1).committedAt()),
              Instant.parse(entries.get(i).committedAt()));
      double round = between.toNanos() / 1e9;
      double compute = compute(entries.get(i), slots);
      rounds.add(round);
      computes.add(compute);
      overheads.add(round - compute);
    }
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("round_seconds_median", Timings.rounded(timings(rounds).median()));
    figures.put("compute_seconds_median", Timings.rounded(timings(computes).median()));
    figures.put("overhead_seconds_median", Timings.rounded(timings(overheads).median()));
    figures.put("overhead_seconds_max", Timings.rounded(timings(overheads).most()));
    return figures;
  }

  private static double compute(LedgerEntry entry, int slots) {
    Map<String, Double> byExecutor =
        entry.clients().stream()
            .collect(
                Collectors.groupingBy(
                    ClientRow::executor, Collectors.summingDouble(ClientRow::wallSeconds)));
    double longest = entry.clients().stream().mapToDouble(ClientRow::wallSeconds).max().orElse(0);
    double busiest = byExecutor.values().stream().mapToDouble(Double::doubleValue).max().orElse(0);
    return Math.max(longest, busiest / Math.max(1.0, (double) slots / byExecutor.size()));
  }

  private static Timings timings(List<Double> seconds) {
    return new Timings(seconds.stream().mapToDouble(s -> s).toArray());
  }
}
