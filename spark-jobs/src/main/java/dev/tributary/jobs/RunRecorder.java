// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.round.RoundListener;
import dev.tributary.fl.sampling.Absence;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunResult;
import java.time.Instant;
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
  private final ClientAdapters own;
  private final Supplier<NamedTensors> initial;
  private final Progress progress;
  private final AdapterMethod method;
  private final RunEvaluation evaluation;
  private final RecordedTables tables;
  private Progress.Task rounds;
  private Optional<TrainJob.Result> result = Optional.empty();

  /**
   * @param clients those that train
   * @param own their own adapters
   * @param initial the adapter before the first round
   */
  RunRecorder(
      RunParts parts,
      Ledger ledger,
      List<Integer> clients,
      ClientAdapters own,
      Supplier<NamedTensors> initial,
      Progress progress) {
    this.parts = parts;
    this.experiment = parts.experiment();
    this.training = experiment.training();
    this.ledger = ledger;
    this.clients = clients;
    this.own = own;
    this.initial = initial;
    this.progress = progress;
    this.method = experiment.adapter().create();
    this.evaluation =
        new RunEvaluation(
            experiment.evaluation(),
            parts.evaluation(),
            parts.directory().evaluations(),
            own,
            progress);
    this.tables = new RecordedTables(parts);
    this.rounds = Progress.silent().task("", 0);
  }

  @Override
  public void begun(int lastRound, NamedTensors adapter) {
    if (lastRound > 0) {
      progress.say("Going on after round " + lastRound + ", the last in the ledger");
    }
    evaluation.recall(lastRound);
    evaluation.measureRound(0, method, initial);
    for (int round = 1; round <= lastRound; round++) { // where an earlier start did not get to it
      if (experiment.evaluation().due(round, training.rounds()) && ledger.holdsState(round)) {
        measure(round);
      }
    }
    int cohort = training.clientsPerRound().orElse(clients.size());
    if (training.scenario() != Scenario.FEDERATED) {
      cohort = clients.size();
    }
    rounds = progress.task("Train", (long) (training.rounds() - lastRound) * cohort);
  }

  @Override
  public void clientDone(int round, LedgerEntry.ClientRow row) {
    rounds.advance(1, "round " + round + "/" + training.rounds() + ", client " + row.client());
  }

  @Override
  public void clientAbsent(int round, Absence absence) {
    progress.say(
        "Round " + round + " goes on without client " + absence.client() + ": " + absence.reason());
  }

  @Override
  public void roundCommitted(LedgerEntry entry, NamedTensors adapter) {
    String line =
        String.format(
            Locale.ROOT,
            "Round %d/%d: %d clients%s, training loss %.4f, %.1f s",
            entry.round(),
            training.rounds(),
            entry.clients().size(),
            entry.absences().isEmpty() ? "" : " (" + entry.absences().size() + " absent)",
            entry.meanLoss(),
            entry.trainSeconds() + entry.aggregateSeconds());
    if (experiment.evaluation().due(entry.round(), training.rounds())) {
      line += figures(evaluation.measureRound(entry.round(), method, () -> adapter));
      tables.write(ledger, evaluation, Optional.empty());
    }
    progress.say(line);
  }

  private void measure(int round) {
    evaluation.measureRound(round, method, () -> ledger.adapter(round));
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
    Set<Integer> keep = evaluation.incomplete(); // to be measured again
    bestRound().ifPresent(keep::add);
    return keep;
  }

  /** The round to be kept where it is not the last. */
  private OptionalInt bestRound() {
    return training.keep() == TrainingConfig.Keep.BEST
        ? evaluation.best(training.keepBy().orElseThrow(), ledger::holdsState)
        : OptionalInt.empty();
  }

  @Override
  public void finished(int lastRound, NamedTensors adapter) {
    evaluation.incomplete().forEach(this::measure);
    int chosen = bestRound().orElse(lastRound);
    ChosenAdapter chosenAdapter = new ChosenAdapter(parts, ledger, evaluation, clients, own);
    String sha256 = chosenAdapter.write(chosen);
    own.chosen(chosen);
    RunResult end =
        parts.directory().end(new RunResult(lastRound, chosen, sha256, Instant.now().toString()));
    tables.write(ledger, evaluation, Optional.of(end));
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
