// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** All clients alike, without replacement. */
public record UniformSampling() implements ClientSampler {
  /** {@code sampling: uniform} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: uniform}. */
  public static final class Provider implements ClientSampler.Provider<Config> {
    @Override
    public String name() {
      return "uniform";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public ClientSampler create(Config config) {
      return new UniformSampling();
    }
  }

  @Override
  public List<Integer> sample(
      int round, List<Candidate> clients, int size, SplittableRandom random) {
    List<Integer> left = new ArrayList<>(clients.stream().map(Candidate::number).toList());
    List<Integer> drawn = new ArrayList<>();
    while (drawn.size() < size && !left.isEmpty()) {
      drawn.add(left.remove(random.nextInt(left.size())));
    }
    return drawn;
  }
}
