// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.EvaluationConfig;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.jobs.run.Evaluations;
import dev.tributary.jobs.spark.SparkEvaluation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What an experiment's tasks say of a run's adapters, round by round. What was measured is noted
 * beside the ledger at once and never measured again.
 */
final class RunEvaluation {
  private final EvaluationConfig config;
  private final SparkEvaluation evaluation;
  private final Evaluations noted;
  private final List<Integer> owners;

  /** What is known, by round and in the order of measuring. */
  private final SortedMap<Integer, List<Evaluations.Rows>> byRound = new TreeMap<>();

  /**
   * @param owners clients with adapters of their own; none where there is one adapter for all
   */
  RunEvaluation(
      EvaluationConfig config,
      SparkEvaluation evaluation,
      Evaluations noted,
      List<Integer> owners) {
    this.config = config;
    this.evaluation = evaluation;
    this.noted = noted;
    this.owners = List.copyOf(owners);
  }

  /** The clients that have adapters of their own in a scenario. */
  static List<Integer> ownAdapters(TrainingConfig training, List<Integer> clients) {
    return training.scenario() == Scenario.LOCAL ? clients : List.of();
  }

  private static String ownOf(int client) {
    return "client=" + client;
  }

  /** Takes in what an earlier start of the run measured; asks nothing of the model. */
  void recall(int round) {
    List<String> adapters =
        round > 0 && !owners.isEmpty()
            ? owners.stream().map(RunEvaluation::ownOf).toList()
            : List.of(Measured.GLOBAL); // all begin with the same
    for (String adapter : adapters) {
      Measured run = new Measured(round, adapter, config.maxNotRun());
      for (Choice<Task> task : config.tasks()) {
        noted.find(run, task).ifPresent(rows -> add(round, rows));
      }
    }
  }

  /**
   * Measures what there is after a round by the tasks that it was not measured by yet: one adapter
   * on all clients' data, or each client's own on its own.
   *
   * @param global fetched only if there is something to measure
   * @param ledger holds the round's state, unless it is round 0
   * @return what was found now or before
   */
  List<EvaluationRow> measureRound(
      int round, AdapterMethod method, Supplier<NamedTensors> global, Ledger ledger) {
    if (round == 0 || owners.isEmpty()) {
      return measure(round, Measured.GLOBAL, method, global, Optional.empty());
    }
    List<EvaluationRow> found = new ArrayList<>();
    for (int client : owners) {
      Supplier<NamedTensors> own = () -> ledger.adapterOf(client, round);
      found.addAll(measure(round, ownOf(client), method, own, Optional.of(client)));
    }
    return found;
  }

  private List<EvaluationRow> measure(
      int round,
      String adapter,
      AdapterMethod method,
      Supplier<NamedTensors> state,
      Optional<Integer> only) {
    Measured run = new Measured(round, adapter, config.maxNotRun());
    List<Integer> missing = new ArrayList<>();
    List<Evaluations.Rows> found = new ArrayList<>();
    for (int t = 0; t < config.tasks().size(); t++) {
      Optional<Evaluations.Rows> before = noted.find(run, config.tasks().get(t));
      if (before.isPresent()) {
        found.add(before.get());
      } else {
        missing.add(t);
      }
    }
    if (!missing.isEmpty()) {
      Map<Integer, SparkEvaluation.Outcome> outcomes =
          evaluation.measure(run, method, state.get(), missing, only);
      outcomes.forEach(
          (task, outcome) -> {
            Evaluations.Rows rows = new Evaluations.Rows(outcome.figures(), outcome.answers());
            noted.put(run, config.tasks().get(task), rows);
            found.add(rows);
          });
    }
    found.forEach(rows -> add(round, rows));
    return found.stream().flatMap(rows -> rows.figures().stream()).toList();
  }

  private void add(int round, Evaluations.Rows rows) {
    List<Evaluations.Rows> known = byRound.computeIfAbsent(round, r -> new ArrayList<>());
    if (!known.contains(rows)) {
      known.add(rows);
    }
  }

  List<EvaluationRow> figures() {
    return byRound.values().stream()
        .flatMap(List::stream)
        .flatMap(rows -> rows.figures().stream())
        .toList();
  }

  List<AnswerRow> answers() {
    return byRound.values().stream()
        .flatMap(List::stream)
        .flatMap(rows -> rows.answers().stream())
        .toList();
  }

  // ---- what is made of it

  /**
   * Refuses to look for the best round by a task that there is not.
   *
   * @throws ConfigException if {@code keep-by} names none of the tasks
   */
  static void check(TrainingConfig training, EvaluationConfig evaluation) {
    if (training.keep() == TrainingConfig.Keep.BEST) {
      List<String> labels = evaluation.tasks().stream().map(t -> t.create().label()).toList();
      String wanted = training.keepBy().orElseThrow();
      if (!labels.contains(wanted)) {
        throw new ConfigException(
            "training.keep-by",
            wanted,
            "no task of the evaluation has that label; name one of " + labels);
      }
    }
  }

  /**
   * The trained round that is best by the first figure of a task; the earliest of equals. Where
   * clients have adapters of their own, by their mean.
   *
   * @return empty if no round was measured
   */
  OptionalInt best(String label) {
    Task task = task(label).orElseThrow();
    OptionalInt best = OptionalInt.empty();
    double bestValue = 0;
    for (int round : byRound.tailMap(1).keySet()) {
      OptionalDouble value = value(round, task);
      if (value.isEmpty() || Double.isNaN(value.getAsDouble())) {
        continue;
      }
      double now = value.getAsDouble();
      boolean better = task.better() == Task.Better.HIGHER ? now > bestValue : now < bestValue;
      if (best.isEmpty() || better) {
        best = OptionalInt.of(round);
        bestValue = now;
      }
    }
    return best;
  }

  private Optional<Task> task(String label) {
    return config.tasks().stream()
        .<Task>map(Choice::create)
        .filter(task -> task.label().equals(label))
        .findFirst();
  }

  /** A task's first figure over all clients; the mean over adapters where there are several. */
  OptionalDouble value(int round, Task task) {
    Map<String, Double> byAdapter = new LinkedHashMap<>();
    for (Evaluations.Rows rows : byRound.getOrDefault(round, List.of())) {
      for (EvaluationRow row : rows.figures()) {
        if (row.task().equals(task.label())
            && row.split().equals(task.split())
            && row.client().isEmpty()
            && row.value().isPresent()) {
          byAdapter.putIfAbsent(row.adapter(), row.value().get()); // the first metric
        }
      }
    }
    return byAdapter.values().stream().mapToDouble(Double::doubleValue).average();
  }

  /** First figure of each task before training and after a round, by label. */
  Map<String, TrainJob.BeforeAfter> scores(int round) {
    Map<String, TrainJob.BeforeAfter> scores = new LinkedHashMap<>();
    for (Choice<Task> choice : config.tasks()) {
      Task task = choice.create();
      String name = task.label();
      if (scores.containsKey(name)) {
        name += " on " + task.split(); // the same task on another part of the data
      }
      scores.put(name, new TrainJob.BeforeAfter(value(0, task), value(round, task)));
    }
    return scores;
  }

  /** The held-out loss before training and after a round, if a task measures it. */
  Optional<TrainJob.BeforeAfter> loss(int round) {
    return config.tasks().stream()
        .<Task>map(Choice::create)
        .filter(task -> !(task instanceof BenchmarkTask) && task.better() == Task.Better.LOWER)
        .findFirst()
        .map(task -> new TrainJob.BeforeAfter(value(0, task), value(round, task)));
  }
}
