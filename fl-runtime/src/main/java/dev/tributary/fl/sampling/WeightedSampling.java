// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One after the other, each with a probability proportional to its examples among those that are
 * left. With {@code training.weighting: uniform} it is the sampling of Li et al. 2020 (FedProx,
 * algorithm 2), without replacement.
 */
public record WeightedSampling() implements ClientSampler {
  /** {@code sampling: weighted} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: weighted}. */
  public static final class Provider implements ClientSampler.Provider<Config> {
    @Override
    public String name() {
      return "weighted";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public ClientSampler create(Config config) {
      return new WeightedSampling();
    }
  }

  @Override
  public List<Integer> sample(
      int round, List<Candidate> clients, int size, SplittableRandom random) {
    List<Candidate> left = new ArrayList<>(clients);
    List<Integer> drawn = new ArrayList<>();
    while (drawn.size() < size && !left.isEmpty()) {
      long all = left.stream().mapToLong(Candidate::examples).sum();
      long at = random.nextLong(all);
      int chosen = 0;
      for (long passed = left.get(0).examples(); passed <= at; ) {
        passed += left.get(++chosen).examples();
      }
      drawn.add(left.remove(chosen).number());
    }
    return drawn;
  }
}
