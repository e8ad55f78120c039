// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.sampling.ClientSampler;
import dev.tributary.fl.sampling.FixedSampling;
import dev.tributary.fl.sampling.Participation;
import dev.tributary.fl.sampling.Selection;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import java.util.List;
import java.util.Map;

/**
 * What a run does, wherever its clients are.
 *
 * @param seed of the run; all that is drawn hangs below it
 * @param adapter what is trained
 * @param training how
 * @param clients all there are, by number; one alone in the scenario {@code global}
 * @param examples how many each can train on; 1 where it is not said
 */
public record RunPlan(
    Seed seed,
    Choice<AdapterMethod> adapter,
    TrainingConfig training,
    List<Integer> clients,
    Map<Integer, Long> examples) {
  /** Of clients that hold alike. */
  public RunPlan(
      Seed seed, Choice<AdapterMethod> adapter, TrainingConfig training, List<Integer> clients) {
    this(seed, adapter, training, clients, Map.of());
  }

  public RunPlan {
    examples = Map.copyOf(examples);
    clients = clients.stream().sorted().distinct().toList();
    if (clients.isEmpty()) {
      throw new IllegalArgumentException("A run needs at least one client");
    }
    if (training.scenario() == Scenario.GLOBAL && clients.size() > 1) {
      throw new IllegalArgumentException(
          "One client holds all data in the scenario global, not " + clients.size());
    }
    if (training.participation().quorum() > clients.size()) {
      throw new ConfigException(
          "training.participation.quorum",
          training.participation().quorum(),
          "the split has " + clients.size() + " clients; give at most as many");
    }
    int wanted = training.clientsPerRound().orElse(1);
    if (wanted > clients.size()) {
      throw new ConfigException(
          "training.clients-per-round",
          wanted,
          "the split has " + clients.size() + " clients; give at most as many");
    }
  }

  /** The adapter before the first round. */
  public NamedTensors initialAdapter(Checkpoint base) {
    return adapter.create().initial(base, seed.child("adapter"));
  }

  /**
   * A round's clients, in the order in which their answers are folded. Federated: drawn from (run,
   * round); in the other scenarios all of them, by number.
   *
   * @throws dev.tributary.fl.config.InputException if the sampler has none, or fewer than the
   *     quorum would answer
   */
  public Selection selection(int round) {
    if (training.scenario() != Scenario.FEDERATED) {
      return Selection.of(clients);
    }
    Participation participation = training.participation();
    Seed roundSeed = RoundOrder.roundSeed(seed, round);
    ClientSampler sampler = training.sampling().create();
    int wanted =
        sampler instanceof FixedSampling fixed
            ? fixed.clients().size()
            : training.clientsPerRound().orElse(clients.size());
    List<Integer> sampled =
        sampler.sample(
            round,
            clients.stream()
                .map(c -> new ClientSampler.Candidate(c, examples.getOrDefault(c, 1L)))
                .toList(),
            Selection.sampled(wanted, participation),
            roundSeed.child("cohort").random());
    return Selection.of(sampled, wanted, training.localSteps(), participation, seed, roundSeed);
  }

  /** Those of {@link #selection} who train. */
  public List<Integer> cohort(int round) {
    return selection(round).cohort();
  }
}
