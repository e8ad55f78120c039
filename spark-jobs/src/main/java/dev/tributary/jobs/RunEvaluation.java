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
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.Evaluations;
import dev.tributary.jobs.spark.SparkEvaluation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * What is known of a run's adapters, round by round. What a task of the experiment found is noted
 * beside the ledger at once and never measured again; where there is nothing of it, what was
 * measured before under the same label, perhaps with other settings, stands in its place.
 */
final class RunEvaluation {
  /** What a measurement is about; no two of a round. */
  private record Subject(String adapter, String task, String split) {
    static Subject of(EvaluationRow row) {
      return new Subject(row.adapter(), row.task(), row.split());
    }
  }

  /**
   * A measurement.
   *
   * @param answers those that failures left incomplete, which are not on disk
   */
  private record Known(
      List<EvaluationRow> figures, Optional<Evaluations.Noted> noted, List<AnswerRow> answers) {
    static Known of(Evaluations.Noted noted) {
      return new Known(noted.figures(), Optional.of(noted), List.of());
    }

    Optional<Subject> subject() {
      return figures.stream().findFirst().map(Subject::of);
    }

    long instances() {
      return figures.stream().mapToLong(EvaluationRow::instances).max().orElse(0);
    }
  }

  private final EvaluationConfig config;
  private final SparkEvaluation evaluation;
  private final Evaluations noted;
  private final ClientAdapters own;
  private final Progress progress;

  /** What is known, by round and in the order of measuring. */
  private final SortedMap<Integer, Map<Subject, Known>> byRound = new TreeMap<>();

  /** Rounds of which failures left something unmeasured. */
  private final SortedSet<Integer> incomplete = new TreeSet<>();

  /** Rounds whose answers have changed since {@link #takeChanged}. */
  private final SortedSet<Integer> changed = new TreeSet<>();

  /**
   * @param own adapters of clients, beside the one for all or in its place
   */
  RunEvaluation(
      EvaluationConfig config,
      SparkEvaluation evaluation,
      Evaluations noted,
      ClientAdapters own,
      Progress progress) {
    this.config = config;
    this.evaluation = evaluation;
    this.noted = noted;
    this.own = own;
    this.progress = progress;
  }

  private String ownOf(int client) {
    return "client=" + client + own.change();
  }

  /** Takes in what earlier starts of the run measured; asks nothing of the model. */
  void recall(int lastRound) {
    for (int round = 0; round <= lastRound; round++) {
      noted.after(round).stream()
          .map(Known::of)
          .sorted(Comparator.comparingLong(Known::instances)) // of one subject the largest stays
          .forEach(this::add);
      for (String adapter : adapters(round)) {
        for (int task = 0; task < config.tasks().size(); task++) {
          find(measured(round, adapter), task).map(Known::of).ifPresent(this::add);
        }
      }
    }
  }

  private List<String> adapters(int round) {
    List<String> adapters = new ArrayList<>();
    if (round == 0 || own.besideCommon()) {
      adapters.add(Measured.GLOBAL); // all begin with the same
    }
    if (round > 0) {
      own.owners().forEach(client -> adapters.add(ownOf(client)));
    }
    return adapters;
  }

  private Measured measured(int round, String adapter) {
    return new Measured(round, adapter, config.maxNotRun());
  }

  private Optional<Evaluations.Noted> find(Measured run, int task) {
    return noted.find(run, config.tasks().get(task), evaluation.questions(task));
  }

  private void add(Known known) {
    known
        .subject()
        .ifPresent(
            subject -> {
              int round = known.figures().get(0).round();
              byRound.computeIfAbsent(round, r -> new LinkedHashMap<>()).put(subject, known);
              changed.add(round);
            });
  }

  /**
   * Measures what there is after a round by the tasks that it was not measured by yet: one adapter
   * on all clients' data, or each client's own on its own.
   *
   * @param global fetched only if there is something to measure
   * @return what was found now or before
   */
  List<EvaluationRow> measureRound(int round, AdapterMethod method, Supplier<NamedTensors> global) {
    incomplete.remove(round);
    List<EvaluationRow> found = new ArrayList<>();
    if (round == 0 || own.besideCommon()) {
      found.addAll(measure(round, Measured.GLOBAL, method, global, Optional.empty()));
    }
    if (round > 0) {
      for (int client : own.owners()) {
        found.addAll(
            measure(
                round, ownOf(client), method, () -> own.of(client, round), Optional.of(client)));
      }
    }
    return found;
  }

  private List<EvaluationRow> measure(
      int round,
      String adapter,
      AdapterMethod method,
      Supplier<NamedTensors> state,
      Optional<Integer> only) {
    Measured run = measured(round, adapter);
    List<Integer> missing = new ArrayList<>();
    List<Known> found = new ArrayList<>();
    for (int task = 0; task < config.tasks().size(); task++) {
      Optional<Known> before = find(run, task).map(Known::of);
      before.ifPresent(found::add);
      if (before.isEmpty()) {
        missing.add(task);
      }
    }
    if (!missing.isEmpty()) {
      evaluation
          .measure(run, method, state.get(), missing, only, progress)
          .forEach((task, outcome) -> found.add(known(run, task, outcome)));
    }
    found.forEach(this::add);
    return found.stream().flatMap(known -> known.figures().stream()).toList();
  }

  /** Notes what was found, unless failures left some of it open: that is measured again. */
  private Known known(Measured run, int task, SparkEvaluation.Outcome outcome) {
    if (!outcome.complete()) {
      incomplete.add(run.round());
      return new Known(outcome.figures(), Optional.empty(), outcome.answers());
    }
    return Known.of(
        noted.put(
            run,
            config.tasks().get(task),
            evaluation.questions(task),
            outcome.figures(),
            outcome.answers()));
  }

  /** Rounds of which failures left something unmeasured, so that they should be measured again. */
  SortedSet<Integer> incomplete() {
    return new TreeSet<>(incomplete);
  }

  List<EvaluationRow> figures() {
    return byRound.values().stream()
        .flatMap(known -> known.values().stream())
        .flatMap(known -> known.figures().stream())
        .toList();
  }

  /** All answers after a round; read from disk. */
  List<AnswerRow> answers(int round) {
    return byRound.getOrDefault(round, Map.of()).values().stream()
        .flatMap(known -> known.noted().map(noted::answers).orElseGet(known::answers).stream())
        .toList();
  }

  /** The rounds about which something new is known since the last call. */
  SortedSet<Integer> takeChanged() {
    SortedSet<Integer> taken = new TreeSet<>(changed);
    changed.clear();
    return taken;
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
   * @param candidate whether a round can be chosen
   * @return empty if no such round was measured
   */
  OptionalInt best(String label, IntPredicate candidate) {
    Task task = task(label).orElseThrow();
    OptionalInt best = OptionalInt.empty();
    double bestValue = 0;
    for (int round : byRound.tailMap(1).keySet()) {
      OptionalDouble value = value(round, task);
      if (!candidate.test(round) || value.isEmpty() || Double.isNaN(value.getAsDouble())) {
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

  /**
   * A task's first figure over all clients: that of the one adapter, or the mean over clients' own
   * where there is none.
   */
  OptionalDouble value(int round, Task task) {
    Map<String, Double> byAdapter = values(round, task);
    Double global = byAdapter.get(Measured.GLOBAL);
    return global == null ? mean(byAdapter) : OptionalDouble.of(global);
  }

  /**
   * The mean of a task's first figure over clients' own adapters, where there is another for all.
   */
  private OptionalDouble personalValue(int round, Task task) {
    Map<String, Double> byAdapter = values(round, task);
    byAdapter.remove(Measured.GLOBAL);
    return own.besideCommon() ? mean(byAdapter) : OptionalDouble.empty();
  }

  private static OptionalDouble mean(Map<String, Double> values) {
    return values.values().stream().mapToDouble(Double::doubleValue).average();
  }

  /** A task's first figure by adapter. */
  private Map<String, Double> values(int round, Task task) {
    Map<String, Double> byAdapter = new LinkedHashMap<>();
    for (Known known : byRound.getOrDefault(round, Map.of()).values()) {
      for (EvaluationRow row : known.figures()) {
        if (row.task().equals(task.label())
            && row.split().equals(task.split())
            && row.client().isEmpty()
            && row.value().isPresent()) {
          byAdapter.putIfAbsent(row.adapter(), row.value().get()); // the first metric
        }
      }
    }
    return byAdapter;
  }

  /** Which way figures of a task get better; of one that the file no longer has, by its name. */
  Task.Better better(String label) {
    return task(label)
        .map(Task::better)
        .orElse(label.contains("loss") ? Task.Better.LOWER : Task.Better.HIGHER);
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
      OptionalDouble personal = personalValue(round, task);
      if (personal.isPresent()) {
        scores.put(name + " personal", new TrainJob.BeforeAfter(value(0, task), personal));
      }
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
