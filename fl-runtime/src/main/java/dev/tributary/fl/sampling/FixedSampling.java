// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;

/** The same clients in every round, in the order given. */
public record FixedSampling(List<Integer> clients) implements ClientSampler {
  public FixedSampling {
    clients = List.copyOf(clients);
  }

  /**
   * {@code sampling: {name: fixed, clients: [0, 3, 5]}}.
   *
   * @param clients numbers of the split, each once; at least one
   */
  public record Config(List<Integer> clients) implements Serializable {
    public Config {
      clients = List.copyOf(clients);
      new Faults()
          .check(
              !clients.isEmpty() && new HashSet<>(clients).size() == clients.size(),
              "clients",
              clients,
              "name each client once, e.g. [0, 3, 5]")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: fixed}. */
  public static final class Provider implements ClientSampler.Provider<Config> {
    @Override
    public String name() {
      return "fixed";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public ClientSampler create(Config config) {
      return new FixedSampling(config.clients());
    }
  }

  @Override
  public List<Integer> sample(int round, List<Candidate> all, int size, SplittableRandom random) {
    List<Integer> known = all.stream().map(Candidate::number).toList();
    List<Integer> unknown = clients.stream().filter(client -> !known.contains(client)).toList();
    if (!unknown.isEmpty()) {
      throw new ConfigException(
          "training.sampling.clients",
          clients,
          "the split has no clients " + unknown + " with training examples; it has " + known);
    }
    return clients;
  }
}
