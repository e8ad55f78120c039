// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.testing;

import dev.tributary.fl.aggregation.FedIt;
import dev.tributary.fl.aggregation.LoraAggregation;
import dev.tributary.fl.algorithm.FedAvg;
import dev.tributary.fl.algorithm.FederatedAlgorithm;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.message.MessagesConfig;
import dev.tributary.fl.sampling.ClientSampler;
import dev.tributary.fl.sampling.Participation;
import dev.tributary.fl.sampling.UniformSampling;
import dev.tributary.fl.training.AdamW;
import dev.tributary.fl.training.ConstantSchedule;
import dev.tributary.fl.training.Optimizer;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.Schedule;
import dev.tributary.fl.training.ScheduleConfig;
import dev.tributary.fl.training.Sgd;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.fl.training.TrainingConfig.Keep;
import dev.tributary.fl.training.Weighting;
import java.util.List;
import java.util.Optional;

/**
 * Training settings of a small run, changed by what a test is about: 3 rounds of 4 steps of 2
 * examples, FedAvg by examples seen, AdamW at 0.05.
 */
public final class TrainingConfigs {
  public Choice<FederatedAlgorithm> algorithm =
      new Choice<>(new FedAvg.Provider(), new FedAvg.Config());
  public Choice<LoraAggregation> aggregation =
      new Choice<>(new FedIt.Provider(), new FedIt.Config());
  public boolean measureAggregation = true;
  public Scenario scenario = Scenario.FEDERATED;
  public Weighting weighting = Weighting.EXAMPLES_SEEN;
  public int rounds = 3;
  public Optional<Integer> clientsPerRound = Optional.empty();
  public int localSteps = 4;
  public int batchSize = 2;
  public int gradientAccumulation = 1;
  public Choice<Optimizer> optimizer =
      new Choice<>(new AdamW.Provider(), new AdamW(0.05, List.of(0.9, 0.999), 1e-8, 0.01));
  public Choice<Schedule> schedule =
      new Choice<>(new ConstantSchedule.Provider(), new ScheduleConfig(0, Optional.empty()));
  public Optional<Double> clipNorm = Optional.empty();
  public boolean keepState;
  public List<Choice<TrainingHook>> hooks = List.of();
  public Choice<ClientSampler> sampling =
      new Choice<>(new UniformSampling.Provider(), new UniformSampling.Config());
  public Participation participation =
      new Participation(0, 0, 0, 4, 1, Optional.empty(), 1, Participation.OnFailure.FAIL);
  public MessagesConfig messages = new MessagesConfig(List.of(), List.of());

  public static Choice<Optimizer> sgd(double learningRate, double momentum) {
    return new Choice<>(new Sgd.Provider(), new Sgd(learningRate, momentum, false, 0));
  }

  public TrainingConfig make() {
    return new TrainingConfig(
        algorithm,
        aggregation,
        measureAggregation,
        scenario,
        weighting,
        rounds,
        clientsPerRound,
        localSteps,
        batchSize,
        gradientAccumulation,
        1,
        optimizer,
        schedule,
        clipNorm,
        keepState,
        Keep.LAST,
        Optional.empty(),
        Optional.empty(),
        hooks,
        messages,
        sampling,
        participation);
  }
}
