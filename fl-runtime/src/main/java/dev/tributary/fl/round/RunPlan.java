// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.round;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.training.Scenario;
import dev.tributary.fl.training.TrainingConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a run does, wherever its clients are.
 *
 * @param seed of the run; all that is drawn hangs below it
 * @param adapter what is trained
 * @param training how
 * @param clients all there are, by number; one alone in the scenario {@code global}
 */
public record RunPlan(
    Seed seed, Choice<AdapterMethod> adapter, TrainingConfig training, List<Integer> clients) {
  public RunPlan {
    clients = clients.stream().sorted().distinct().toList();
    if (clients.isEmpty()) {
      throw new IllegalArgumentException("A run needs at least one client");
    }
    if (training.scenario() == Scenario.GLOBAL && clients.size() > 1) {
      throw new IllegalArgumentException(
          "One client holds all data in the scenario global, not " + clients.size());
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
   * round), uniformly and without replacement; in the other scenarios all of them, by number.
   */
  public List<Integer> cohort(int round) {
    if (training.scenario() != Scenario.FEDERATED) {
      return clients;
    }
    SplittableRandom random = RoundOrder.roundSeed(seed, round).child("cohort").random();
    List<Integer> left = new ArrayList<>(clients);
    List<Integer> cohort = new ArrayList<>();
    int size = training.clientsPerRound().orElse(clients.size());
    while (cohort.size() < size) {
      cohort.add(left.remove(random.nextInt(left.size())));
    }
    return cohort;
  }
}
