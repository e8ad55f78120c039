// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.round.RunPlan;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import dev.tributary.jobs.spark.ExecutorProcess;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/**
 * {@code plan}: what training an experiment would cost. Two short rounds of it are trained, with
 * the run's own code, data and cluster; what they took is scaled to the whole. Evaluation is not
 * counted.
 *
 * <p>Steps and bytes are those that the run's tables will have, unless a hook ends a client's steps
 * early: a message's length follows from what is trained and the number of steps.
 */
public final class PlanJob {
  private static final int ROUNDS = 2;
  private static final int STEPS = 4;

  /**
   * What a run costs.
   *
   * @param clientRounds clients that train, counted as often as they do
   * @param steps of all clients together
   * @param examples that enter steps, counted as often
   * @param downloadBytes sent to clients in all
   * @param uploadBytes sent by clients in all
   * @param executorBytes most memory of a process that trains, resident; 0 if not known
   * @param driverBytes the same of the driver, which in local mode is the one that trains
   * @param stepSeconds of a client's step beside others
   * @param roundSeconds of a round
   * @param slots clients that train at once
   */
  public record Costs(
      int rounds,
      long clientRounds,
      long steps,
      long examples,
      long downloadBytes,
      long uploadBytes,
      long executorBytes,
      long driverBytes,
      double stepSeconds,
      double roundSeconds,
      int slots) {
    public double hours() {
      return rounds * roundSeconds / 3600;
    }

    /** With units in the keys. */
    public Map<String, Object> json() {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("rounds", rounds);
      json.put("client_rounds", clientRounds);
      json.put("steps", steps);
      json.put("examples", examples);
      json.put("download_bytes", downloadBytes);
      json.put("upload_bytes", uploadBytes);
      json.put("executor_memory_mb", executorBytes >> 20);
      json.put("driver_memory_mb", driverBytes >> 20);
      json.put("clients_at_once", slots);
      json.put("step_seconds", stepSeconds);
      json.put("round_seconds", roundSeconds);
      json.put("hours", hours());
      return json;
    }

    /** For people, in order. */
    public Map<String, String> told() {
      Map<String, String> told = new LinkedHashMap<>();
      told.put("rounds", Integer.toString(rounds));
      told.put("clients trained, all rounds", Long.toString(clientRounds));
      told.put("steps of all clients", Long.toString(steps));
      told.put("examples seen", Long.toString(examples));
      told.put("sent to clients", "%d bytes (%s)".formatted(downloadBytes, size(downloadBytes)));
      told.put("sent by clients", "%d bytes (%s)".formatted(uploadBytes, size(uploadBytes)));
      told.put("memory of a training process", "about " + size(executorBytes));
      told.put("memory of the driver", "about " + size(driverBytes));
      told.put("clients at once", Integer.toString(slots));
      told.put("a step", "about %.2f s".formatted(stepSeconds));
      told.put("a round", "about %.1f s".formatted(roundSeconds));
      told.put("training, without evaluation", "about %.2f hours".formatted(hours()));
      return told;
    }

    private static String size(long bytes) {
      return bytes < 10L << 20
          ? String.format(Locale.ROOT, "%.1f MB", bytes / 1048576.0)
          : (bytes >> 20) + " MB";
    }
  }

  private PlanJob() {}

  /**
   * Keys that make an experiment short, as {@code KEY=VALUE}, for as many clients as fit at once.
   */
  public static List<String> shortened(Experiment experiment, SparkSession session) {
    TrainingConfig training = experiment.training();
    List<String> keys = new ArrayList<>();
    keys.add("training.rounds=" + ROUNDS);
    keys.add("training.local-steps=" + Math.min(STEPS, training.localSteps()));
    keys.add("training.schedule=constant");
    keys.add("training.keep=last");
    keys.add("evaluation={}");
    if (training.scenario() == Scenario.FEDERATED) {
      int enough = 2 * slots(session);
      training
          .clientsPerRound()
          .map(clients -> Math.min(clients, enough))
          .ifPresent(clients -> keys.add("training.clients-per-round=" + clients));
    }
    return keys;
  }

  /** The run's split, if it was prepared before. */
  public static Optional<String> split(Experiment experiment, Configuration hadoop) {
    String split = experiment.output() + "/split";
    return RunDirectory.exists(split, hadoop) ? Optional.of(split) : Optional.empty();
  }

  private static int slots(SparkSession session) {
    return Math.max(
        1,
        session.sparkContext().defaultParallelism()
            / session.sparkContext().conf().getInt("spark.task.cpus", 1));
  }

  /**
   * Trains the short one, and scales.
   *
   * @param whole the experiment that is asked about
   * @param shortened with the keys of {@link #shortened}, at an output of its own
   * @throws dev.tributary.fl.config.InputException if the input cannot be used
   */
  public static Costs run(
      SparkSession session, Experiment whole, Experiment shortened, Progress progress) {
    TrainJob.run(session, shortened, progress);
    try (RunDirectory directory =
        RunDirectory.open(shortened, session.sparkContext().hadoopConfiguration())) {
      RunParts parts = RunParts.open(session, shortened, directory, progress);
      ClientExamples examples =
          ClientExamples.of(parts.split(), parts.tokens(), shortened.training().scenario());
      RunPlan plan =
          new RunPlan(
              parts.trainingSeed(),
              whole.adapter(),
              whole.training(),
              examples.clients(),
              examples.trainingExamples());
      return scaled(
          plan, Ledger.open(directory.store()), slots(session), session.sparkContext().isLocal());
    }
  }

  /**
   * What the Java heap of this process grows by in a longer run: to about an eighth of its limit,
   * as seen in runs of some minutes.
   */
  private static long heapToCome() {
    Runtime java = Runtime.getRuntime();
    return Math.max(0, java.maxMemory() / 8 - java.totalMemory());
  }

  private static Costs scaled(RunPlan plan, Ledger ledger, int slots, boolean local) {
    TrainingConfig training = plan.training();
    LedgerEntry first = ledger.entry(1);
    LedgerEntry last = ledger.last().orElseThrow();
    ClientRow row = first.clients().get(0);
    // an algorithm may take more steps in a round than local-steps says
    int measured = row.report().steps();
    int shortSteps = Math.min(STEPS, training.localSteps());
    long wholeSteps = (long) measured * training.localSteps() / shortSteps;
    long moreSteps = (wholeSteps - measured) * Message.bytesPerStep();
    long kept = ledger.kept(row.client(), 1).map(bytes -> bytes.length + moreSteps).orElse(0L);
    Set<Integer> before = new HashSet<>();
    long clientRounds = 0;
    long download = 0;
    int largest = 0;
    for (int round = 1; round <= training.rounds(); round++) {
      List<Integer> cohort = plan.cohort(round);
      largest = Math.max(largest, cohort.size());
      clientRounds += cohort.size();
      download += cohort.size() * row.downloadBytes();
      download += cohort.stream().filter(before::contains).count() * kept;
      before.addAll(cohort);
    }
    long steps = clientRounds * wholeSteps;
    double stepSeconds =
        last.clients().stream().mapToDouble(c -> c.wallSeconds() / measured).average().orElse(0);
    double clients = last.clients().stream().mapToDouble(ClientRow::wallSeconds).sum();
    double between =
        Duration.between(Instant.parse(first.committedAt()), Instant.parse(last.committedAt()))
                .toNanos()
            / 1e9;
    int atOnce = Math.min(slots, last.clients().size());
    double overhead = Math.max(0, between - clients / atOnce);
    double waves = Math.ceil((double) largest / slots);
    long executor =
        ledger.entries().stream()
            .flatMap(entry -> entry.clients().stream())
            .mapToLong(ClientRow::peakMemoryBytes)
            .max()
            .orElse(0);
    return new Costs(
        training.rounds(),
        clientRounds,
        steps,
        steps * training.batchSize() * training.gradientAccumulation(),
        download,
        clientRounds * (row.uploadBytes() + moreSteps),
        executor + (local ? heapToCome() : 0),
        ExecutorProcess.peakMemoryBytes() + heapToCome(),
        stepSeconds,
        waves * wholeSteps * stepSeconds + overhead,
        slots);
  }
}
