// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * FedAvg whose clients are drawn back to the global adapter: each minimises {@code F(w) + mu/2 ||w
 * - w_global||^2}.
 *
 * <p>Li et al. 2020, <a href="https://arxiv.org/abs/1812.06127">Federated Optimization in
 * Heterogeneous Networks</a>, algorithm 2. Deviation: the paper draws clients by their data's size
 * and averages them alike; here the cohort is drawn alike and weighted as {@code
 * training.weighting} says. With {@code mu: 0} it is FedAvg.
 */
public record FedProx(double mu) implements FederatedAlgorithm {
  /**
   * {@code algorithm: {name: fedprox, mu: ...}}.
   *
   * @param mu strength of the proximal term, 0 or more; the paper tries 0.001 to 1
   */
  public record Config(@Default("0.01") double mu) implements Serializable {
    public Config {
      new Faults()
          .check(mu >= 0 && Double.isFinite(mu), "mu", mu, "give 0 or more, e.g. 0.01")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: fedprox}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "fedprox";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new FedProx(config.mu());
    }
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    NamedTensors start = client.global().adapter();
    LocalTraining.Trained trained =
        client.train(start, mu == 0 ? List.of() : List.of(new Proximal(mu, start)));
    return new ClientAnswer(Map.of(ADAPTER, trained.adapter()), Map.of(), trained.report());
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    return new FedAvg().aggregate(before, cohort);
  }
}
