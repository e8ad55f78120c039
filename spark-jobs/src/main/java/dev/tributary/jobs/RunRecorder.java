// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.round.RoundListener;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What happens beside the rounds of a run: evaluations when they are due, tables, progress, and at
 * the end the chosen adapter.
 */
final class RunRecorder implements RoundListener, AutoCloseable {
  private final RunParts parts;
  private final Experiment experiment;
  private final TrainingConfig training;
  private final Ledger ledger;
  private final List<Integer> clients;
  private final Supplier<NamedTensors> initial;
  private final Progress progress;
  private final AdapterMethod method;
  private final RunEvaluation evaluation;
  private final RecordedTables tables;
  private Progress.Task rounds;
  private Optional<TrainJob.Result> result = Optional.empty();

  /**
   * @param clients those that train
   * @param initial the adapter before the first round
   */
  RunRecorder(
      RunParts parts,
      Ledger ledger,
      List<Integer> clients,
      Supplier<NamedTensors> initial,
      Progress progress) {
    this.parts = parts;
    this.experiment = parts.experiment();
    this.training = experiment.training();
    this.ledger = ledger;
    this.clients = clients;
    this.initial = initial;
    this.progress = progress;
    this.method = experiment.adapter().create();
    this.evaluation =
        new RunEvaluation(
            experiment.evaluation(),
            parts.evaluation(),
            parts.directory().evaluations(),
            RunEvaluation.ownAdapters(training, clients));
    this.tables = new RecordedTables(parts);
    this.rounds = Progress.silent().task("", 0);
  }

  @Override
  public void begun(int lastRound, NamedTensors adapter) {
    if (lastRound > 0) {
      progress.say("Going on after round " + lastRound + ", the last in the ledger");
    }
    recall(lastRound);
    evaluation.measureRound(0, method, initial, ledger);
    if (lastRound > 0 && experiment.evaluation().due(lastRound, training.rounds())) {
      evaluate(lastRound, adapter); // unless the run got that far
    }
    int cohort = training.clientsPerRound().orElse(clients.size());
    if (training.scenario() != Scenario.FEDERATED) {
      cohort = clients.size();
    }
    rounds = progress.task("Train", (long) (training.rounds() - lastRound) * cohort);
  }

  /** What earlier starts measured, without the tasks that have been added since. */
  private void recall(int lastRound) {
    for (int round = 0; round <= lastRound; round++) {
      evaluation.recall(round);
    }
  }

  @Override
  public void clientDone(int round, LedgerEntry.ClientRow row) {
    rounds.advance(1, "round " + round + "/" + training.rounds() + ", client " + row.client());
  }

  @Override
  public void roundCommitted(LedgerEntry entry, NamedTensors adapter) {
    String line =
        String.format(
            Locale.ROOT,
            "Round %d/%d: %d clients, training loss %.4f, %.1f s",
            entry.round(),
            training.rounds(),
            entry.clients().size(),
            entry.meanLoss(),
            entry.trainSeconds() + entry.aggregateSeconds());
    if (experiment.evaluation().due(entry.round(), training.rounds())) {
      line += figures(evaluate(entry.round(), adapter));
      tables.write(ledger, evaluation, OptionalInt.empty(), Optional.empty());
    }
    progress.say(line);
  }

  private List<EvaluationRow> evaluate(int round, NamedTensors adapter) {
    return evaluation.measureRound(round, method, () -> adapter, ledger);
  }

  /** The first figure of each task, for the line of a round. */
  private static String figures(List<EvaluationRow> rows) {
    StringBuilder text = new StringBuilder();
    Set<String> seen = new java.util.HashSet<>();
    for (EvaluationRow row : rows) {
      if (row.client().isEmpty() && row.value().isPresent() && seen.add(row.task() + row.split())) {
        text.append(
            String.format(
                Locale.ROOT, "; %s on %s %.4f", row.task(), row.split(), row.value().get()));
      }
    }
    return text.toString();
  }

  @Override
  public Set<Integer> roundsToKeep() {
    OptionalInt best = bestRound(training, evaluation);
    return best.isPresent() ? Set.of(best.getAsInt()) : Set.of();
  }

  /** The round to be kept where it is not the last. */
  static OptionalInt bestRound(TrainingConfig training, RunEvaluation evaluation) {
    return training.keep() == TrainingConfig.Keep.BEST
        ? evaluation.best(training.keepBy().orElseThrow())
        : OptionalInt.empty();
  }

  @Override
  public void finished(int lastRound, NamedTensors adapter) {
    int chosen = bestRound(training, evaluation).orElse(lastRound);
    ChosenAdapter chosenAdapter = new ChosenAdapter(parts, ledger, evaluation, clients);
    String sha256 = chosenAdapter.write(chosen);
    tables.write(ledger, evaluation, OptionalInt.of(chosen), Optional.of(sha256));
    result =
        Optional.of(
            new TrainJob.Result(
                parts.directory().location(),
                parts.directory().shown(chosenAdapter.folder()),
                sha256,
                lastRound,
                chosen,
                evaluation.loss(chosen).orElseGet(() -> trainingLoss(lastRound)),
                evaluation.scores(chosen)));
  }

  private TrainJob.BeforeAfter trainingLoss(int lastRound) {
    return new TrainJob.BeforeAfter(
        OptionalDouble.of(ledger.entry(1).firstLoss()),
        OptionalDouble.of(ledger.entry(lastRound).meanLoss()));
  }

  /** What was trained; after {@link #finished}. */
  TrainJob.Result result() {
    return result.orElseThrow();
  }

  @Override
  public void close() {
    rounds.close();
  }
}
