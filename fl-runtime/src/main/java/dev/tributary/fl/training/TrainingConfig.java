// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.aggregation.FedIt;
import dev.tributary.fl.aggregation.LoraAggregation;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.message.MessagesConfig;
import dev.tributary.fl.sampling.ClientSampler;
import dev.tributary.fl.sampling.FixedSampling;
import dev.tributary.fl.sampling.Participation;
import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How adapters are trained: the group {@code training} of an experiment file.
 *
 * @param algorithm what clients and server do
 * @param aggregation how low-rank updates become one, beside the algorithm
 * @param measureAggregation whether each layer's distance from the mean of the products goes into
 *     the tables; takes about as long as an exact aggregation
 * @param scenario who trains on what
 * @param weighting a client's share in the aggregate
 * @param rounds at least 1
 * @param clientsPerRound size of the cohort, at least 1, in the scenario federated; all clients
 *     where it is left out, as it must be in the other scenarios
 * @param localSteps optimiser steps of a client in a round, at least 1
 * @param batchSize examples of a micro-batch, at least 1
 * @param gradientAccumulation micro-batches of a step, at least 1; equal to one batch of the joint
 *     size
 * @param threadsPerClient computing threads of a client; part of a run's identity, since sums
 *     depend on it in the last bit
 * @param optimizer how gradients move the trained tensors
 * @param schedule how the learning rate changes over the whole run
 * @param clipNorm gradients of a larger L2 norm are scaled down to it; above 0
 * @param keepState whether a client's optimiser state lasts from round to round
 * @param keep which round's adapter is the result
 * @param keepBy label of the task by whose first metric the best round is found, for {@code keep:
 *     best}
 * @param startFrom PEFT directory whose tensors are trained on; a fresh adapter where it is left
 *     out
 * @param hooks what looks at or changes each step between gradient and update, in this order, after
 *     the algorithm's own terms and the clipping
 * @param sampling who is drawn for a round
 * @param participation which of them answer, and what becomes of a round without the others
 * @param messages how numbers are written on their way between clients and server
 */
public record TrainingConfig(
    @Default("fedavg") Choice<FederatedAlgorithm> algorithm,
    @Default("fedit") Choice<LoraAggregation> aggregation,
    @Default("true") boolean measureAggregation,
    @Default("federated") Scenario scenario,
    @Default("examples-seen") Weighting weighting,
    int rounds,
    Optional<Integer> clientsPerRound,
    int localSteps,
    @Default("4") int batchSize,
    @Default("1") int gradientAccumulation,
    @Default("1") int threadsPerClient,
    Choice<Optimizer> optimizer,
    @Default("constant") Choice<Schedule> schedule,
    Optional<Double> clipNorm,
    @Default("false") boolean keepState,
    @Default("last") Keep keep,
    Optional<String> keepBy,
    Optional<String> startFrom,
    @Default("[]") List<Choice<TrainingHook>> hooks,
    @Default("{}") MessagesConfig messages,
    @Default("uniform") Choice<ClientSampler> sampling,
    @Default("{}") Participation participation)
    implements Serializable {

  /** Which round's adapter is the result of the run. */
  public enum Keep {
    LAST,
    BEST
  }

  public TrainingConfig {
    hooks = List.copyOf(hooks);
    Faults faults = new Faults();
    faults
        .check(rounds >= 1, "rounds", rounds, "give 1 or more")
        .check(
            clientsPerRound.isEmpty() || clientsPerRound.get() >= 1,
            "clients-per-round",
            clientsPerRound.orElse(null),
            "give 1 or more, or leave it out for all clients")
        .check(
            clientsPerRound.isEmpty() || scenario == Scenario.FEDERATED,
            "clients-per-round",
            clientsPerRound.orElse(null),
            "in the scenario "
                + scenario.name().toLowerCase(Locale.ROOT)
                + " every round has all clients; leave it out (on the command line:"
                + " training.clients-per-round=null)")
        .check(
            participation.quorum() <= clientsPerRound.orElse(Integer.MAX_VALUE),
            "participation.quorum",
            participation.quorum(),
            "a round has "
                + clientsPerRound.orElse(0)
                + " clients (clients-per-round); give at most as many")
        .check(
            clientsPerRound.isPresent() || participation.overSelection() == 0,
            "participation.over-selection",
            participation.overSelection(),
            "all clients are in every round, so there are no more to sample; give"
                + " clients-per-round, or leave it out")
        .check(
            scenario == Scenario.FEDERATED || isPlain(participation),
            "participation",
            null,
            "in the scenario "
                + scenario.name().toLowerCase(Locale.ROOT)
                + " everybody takes part; leave it out")
        .check(
            !(sampling.create() instanceof FixedSampling fixed)
                || clientsPerRound.orElse(fixed.clients().size()) == fixed.clients().size(),
            "clients-per-round",
            clientsPerRound.orElse(null),
            "sampling names its clients; give as many, or leave clients-per-round out")
        .check(localSteps >= 1, "local-steps", localSteps, "give 1 or more, e.g. 30")
        .check(batchSize >= 1, "batch-size", batchSize, "give 1 or more, e.g. 4")
        .check(
            gradientAccumulation >= 1,
            "gradient-accumulation",
            gradientAccumulation,
            "give 1 (none) or more")
        .check(threadsPerClient >= 1, "threads-per-client", threadsPerClient, "give 1 or more")
        .check(
            clipNorm.isEmpty() || (clipNorm.get() > 0 && Double.isFinite(clipNorm.get())),
            "clip-norm",
            clipNorm.orElse(null),
            "give a number above 0, e.g. 1.0, or leave it out for no clipping")
        .check(
            keep == Keep.LAST || keepBy.isPresent(),
            "keep-by",
            null,
            "keep: best needs the label of a task, e.g. keep-by: loss");
    if (scenario == Scenario.FEDERATED) {
      algorithm
          .create()
          .objection(optimizer.create().rule(), localSteps)
          .ifPresent(reason -> faults.check(false, "algorithm.name", algorithm.name(), reason));
    }
    long steps = (long) Math.max(0, rounds) * Math.max(0, localSteps);
    Schedule named = schedule.create();
    faults
        .check(
            named.endless() || named.totalSteps().orElse(steps) >= steps,
            "schedule.total-steps",
            named.totalSteps().orElse(steps),
            "the run takes rounds x local-steps = "
                + steps
                + " steps, and those after the end would learn nothing; give "
                + steps
                + " or more")
        .throwIfAny();
  }

  /**
   * Steps of each client alone, at the optimiser's rate, without a schedule.
   *
   * @param steps at least 1
   */
  public TrainingConfig forFineTuning(int steps) {
    return new TrainingConfig(
        algorithm,
        aggregation,
        measureAggregation,
        Scenario.LOCAL,
        weighting,
        rounds,
        Optional.empty(),
        steps,
        batchSize,
        gradientAccumulation,
        threadsPerClient,
        optimizer,
        new Choice<>(new ConstantSchedule.Provider(), new ScheduleConfig(0, Optional.empty())),
        clipNorm,
        false,
        Keep.LAST,
        Optional.empty(),
        Optional.empty(),
        hooks,
        messages,
        sampling,
        participation);
  }

  /** What is wrong with the aggregation for an adapter and the rest of the training. */
  public List<Fault> aggregationFaults(AdapterMethod adapter) {
    Faults faults = new Faults();
    boolean plain = aggregation.create() instanceof FedIt;
    faults
        .check(
            plain || scenario == Scenario.FEDERATED,
            "aggregation.name",
            aggregation.name(),
            "in the scenario "
                + scenario.name().toLowerCase(Locale.ROOT)
                + " nothing is aggregated; leave it out")
        .check(
            plain || adapter instanceof Lora,
            "aggregation.name",
            aggregation.name(),
            "it is of low-rank updates; take adapter {method: lora}, or leave it out")
        .check(
            plain || !(adapter instanceof Lora lora) || !lora.config().useDora(),
            "aggregation.name",
            aggregation.name(),
            "magnitudes of DoRA belong to the factors they were trained with; take"
                + " adapter.use-dora: false, or leave it out");
    if (adapter instanceof Lora lora && scenario == Scenario.FEDERATED) {
      aggregation
          .create()
          .check(
              new LoraAggregation.Setting(
                  lora.config(),
                  algorithm.create(),
                  algorithm.name(),
                  optimizer.create().rule(),
                  keepState),
              faults);
    }
    return faults.under("training");
  }

  private static boolean isPlain(Participation participation) {
    return participation.overSelection() == 0
        && participation.dropOut() == 0
        && participation.deadlineSeconds().isEmpty();
  }

  /** Optimiser steps of the whole run. */
  public long totalSteps() {
    return (long) rounds * localSteps;
  }

  /**
   * The learning rate of a step.
   *
   * @param runStep counted from 0 over the whole run
   */
  public double learningRate(long runStep) {
    Schedule named = schedule.create();
    return optimizer.create().learningRate()
        * named.factor(runStep, named.totalSteps().orElse(totalSteps()));
  }

  private Object writeReplace() {
    return Portable.of(this);
  }
}
