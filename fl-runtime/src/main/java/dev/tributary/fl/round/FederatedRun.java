// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.aggregation.AggregatedCohort;
import dev.tributary.fl.aggregation.LayerReport;
import dev.tributary.fl.aggregation.LowRankAlgebra;
import dev.tributary.fl.algorithm.Cohort;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.algorithm.ServerState;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.fl.ledger.OpenRound;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.message.Message;
import dev.tributary.fl.sampling.Selection;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The federated loop, on the driver. Rounds follow the last one in the ledger, so a run that ended
 * anywhere goes on there, and its final state is that of an undisturbed run, bit for bit.
 */
public final class FederatedRun {
  private final RunPlan plan;
  private final Supplier<NamedTensors> initial;
  private final ClientBackend backend;
  private final Ledger ledger;
  private final RoundListener listener;
  private final FederatedAlgorithm algorithm;

  /** Made when the first updates of low rank are aggregated; of this run. */
  private @Nullable LowRankAlgebra algebra;

  /**
   * @param initial the adapter before the first round, as {@link RunPlan#initialAdapter}; asked
   *     only if the ledger is empty
   * @param backend stays open
   */
  public FederatedRun(
      RunPlan plan,
      Supplier<NamedTensors> initial,
      ClientBackend backend,
      Ledger ledger,
      RoundListener listener) {
    this.plan = plan;
    this.initial = initial;
    this.backend = backend;
    this.ledger = ledger;
    this.listener = listener;
    this.algorithm = RoundOrder.algorithm(plan.training());
  }

  /**
   * Trains the rounds that are not in the ledger yet.
   *
   * @return the state after the last
   * @throws InputException if the ledger has more rounds than the plan
   * @throws ClientFailedException if a client failed for good
   * @throws dev.tributary.fl.message.MessageException if an answer is refused
   */
  public ServerState run() {
    try {
      return train();
    } finally {
      if (algebra != null) {
        algebra.close();
        algebra = null;
      }
    }
  }

  private ServerState train() {
    int rounds = plan.training().rounds();
    ServerState state = lastState();
    listener.begun(ledger.lastRound(), state.adapter());
    ledger.prune(listener.roundsToKeep()); // what a run that ended after a commit did not get to
    for (int round = ledger.lastRound() + 1; round <= rounds; round++) {
      Selection selection = plan.selection(round);
      List<Integer> cohort = selection.cohort();
      listener.roundStarted(round, cohort);
      RoundOrder order = RoundOrder.of(round, plan.seed(), plan.adapter(), plan.training(), state);
      OpenRound open = ledger.begin(round);
      Answers answers = new Answers(order, selection, state, ledger, open, listener);

      Stopwatch watch = new Stopwatch();
      if (!cohort.isEmpty()) {
        backend.train(order, cohort, answers);
      }
      double trainSeconds = watch.lap();
      Aggregated aggregated = aggregate(state, answers.cohort(plan.clients().size()));
      state = aggregated.state();
      double aggregateSeconds = watch.lap();
      LedgerEntry entry = entry(order, aggregated, answers, open, trainSeconds, aggregateSeconds);
      open.commit(entry, state);

      listener.roundCommitted(entry, state.adapter());
      ledger.prune(listener.roundsToKeep());
    }
    listener.finished(rounds, state.adapter());
    return state;
  }

  private record Aggregated(ServerState state, List<LayerReport> layers) {}

  private Aggregated aggregate(ServerState before, Cohort answers) {
    TrainingConfig training = plan.training();
    AdapterMethod adapter = plan.adapter().create();
    if (training.scenario() != Scenario.FEDERATED
        || !(adapter instanceof Lora)
        || !algorithm.sharesAll()) {
      return new Aggregated(algorithm.aggregate(before, answers), List.of());
    }
    Seed seed = RoundOrder.roundSeed(plan.seed(), answers.round()).child("aggregation");
    if (algebra == null) {
      algebra = TorchScript.lowRankAlgebra();
    }
    AggregatedCohort merged =
        new AggregatedCohort(
            answers,
            before,
            RoundOrder.exchange(training, adapter),
            algebra,
            seed,
            training.measureAggregation());
    return new Aggregated(algorithm.aggregate(before, merged), merged.reports());
  }

  private ServerState lastState() {
    int last = ledger.lastRound();
    if (last > plan.training().rounds()) {
      throw new InputException(
          "Cannot train "
              + plan.training().rounds()
              + " rounds: the ledger has "
              + last
              + " already; set training.rounds to "
              + last
              + " or more, or choose another output");
    }
    return last == 0 ? algorithm.initial(initial.get()) : ledger.state(last);
  }

  private LedgerEntry entry(
      RoundOrder order,
      Aggregated aggregated,
      Answers answers,
      OpenRound open,
      double trainSeconds,
      double aggregateSeconds) {
    List<ClientRow> rows = answers.rows();
    return new LedgerEntry(
        LedgerEntry.VERSION,
        order.round(),
        plan.training().scenario().name().toLowerCase(Locale.ROOT),
        plan.training().algorithm().name(),
        plan.training().scenario() == Scenario.LOCAL ? rows : withShares(rows),
        answers.absences(),
        perLabel(rows, row -> row.report().firstLoss()),
        perLabel(rows, row -> row.report().meanLoss()),
        aggregated.layers(),
        Message.of(order.global(), "The global state").sizes(part -> false),
        Sha256.of(aggregated.state().adapter()),
        open.kept(),
        backend.slots(),
        trainSeconds,
        aggregateSeconds,
        Instant.now().toString());
  }

  private static List<ClientRow> withShares(List<ClientRow> rows) {
    double total = rows.stream().mapToDouble(ClientRow::weight).sum();
    return rows.stream().map(row -> row.withShare(row.weight() / total)).toList();
  }

  private static double perLabel(List<ClientRow> rows, ToDoubleFunction<ClientRow> loss) {
    double labels = rows.stream().mapToDouble(row -> row.report().labels()).sum();
    return rows.stream().mapToDouble(row -> loss.applyAsDouble(row) * row.report().labels()).sum()
        / labels;
  }

  private static final class Stopwatch {
    private long since = System.nanoTime();

    /** Seconds since the last call, or since it was made. */
    double lap() {
      long now = System.nanoTime();
      double seconds = (now - since) / 1e9;
      since = now;
      return seconds;
    }
  }
}
