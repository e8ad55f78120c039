// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.splitter;

import dev.tributary.data.Splitter;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Equal shares at random, FS-LLM's {@code iid}: sizes differ by at most 1, larger ones first. */
public final class Uniform implements Splitter {
  /**
   * What the file may say.
   *
   * @param clients how many, at least 1
   */
  public record Config(int clients) implements Serializable {
    public Config {
      new Faults().check(clients >= 1, "clients", clients, "give 1 or more, e.g. 3").throwIfAny();
    }
  }

  private final Config config;

  public Uniform(Config config) {
    this.config = config;
  }

  @Override
  public Optional<String> by() {
    return Optional.empty();
  }

  @Override
  public List<ClientShare> deal(LabelCounts labels, Seed seed) {
    labels.checkEnoughFor(config.clients());
    List<ClientShare> shares = new ArrayList<>();
    for (int client = 0; client < config.clients(); client++) {
      int size = Shares.part(labels.total(), config.clients(), client);
      shares.add(new ClientShare("client " + client, new int[] {size}));
    }
    return shares;
  }

  /** {@code splitter: {name: uniform}}. */
  public static final class Provider implements Splitter.Provider<Config> {
    @Override
    public String name() {
      return "uniform";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public Splitter create(Config config) {
      return new Uniform(config);
    }
  }
}
