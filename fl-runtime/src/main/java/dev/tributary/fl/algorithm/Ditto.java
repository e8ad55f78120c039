// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * FedAvg, and beside it an adapter v of each client's own, which is drawn to the global one: {@code
 * min f(v) + lambda/2 ||v - w||^2}.
 *
 * <p>Li et al. 2021, <a href="https://arxiv.org/abs/2012.04221">Ditto: Fair and Robust Federated
 * Learning Through Personalization</a>, algorithm 1, with FedAvg as its solver. A client's v begins
 * at the first global adapter that it is sent. Deviation: {@code training.optimizer} takes the
 * steps on v as well. FS-LLM takes half of the steps for each; here both have all of them.
 */
public record Ditto(Config config) implements FederatedAlgorithm {
  /**
   * {@code algorithm: {name: ditto, ...}}.
   *
   * @param lambda how strongly v is drawn to w, 0 (local training) or more; the paper tries 0.05 to
   *     2
   * @param personalSteps on v in a round, at least 1; as many as on w where it is left out
   */
  public record Config(@Default("0.1") double lambda, Optional<Integer> personalSteps)
      implements Serializable {
    public Config {
      new Faults()
          .check(
              lambda >= 0 && Double.isFinite(lambda), "lambda", lambda, "give 0 or more, e.g. 0.1")
          .check(
              personalSteps.isEmpty() || personalSteps.get() >= 1,
              "personal-steps",
              personalSteps.orElse(null),
              "give 1 or more, or leave it out for as many as local-steps")
          .throwIfAny();
    }

    private Object writeReplace() {
      return Portable.of(this);
    }
  }

  /** Chosen by {@code name: ditto}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "ditto";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new Ditto(config);
    }
  }

  @Override
  public boolean personalises() {
    return true;
  }

  @Override
  public boolean clientsRemember() {
    return true;
  }

  @Override
  public ClientAnswer train(LocalTraining client) {
    NamedTensors w = client.global().adapter();
    LocalTraining.Trained common = client.train(w, List.of());
    LocalTraining.Trained own =
        client.train(
            client.kept(ADAPTER).orElse(w),
            LocalTraining.Course.of(
                config.personalSteps().orElse(client.localSteps()),
                config.lambda() == 0 ? List.of() : List.of(new Proximal(config.lambda(), w))));
    return new ClientAnswer(
        Map.of(ADAPTER, common.adapter()),
        Map.of(ADAPTER, own.adapter()),
        common.report().and(own.report()));
  }

  @Override
  public ServerState aggregate(ServerState before, Cohort cohort) {
    return new FedAvg().aggregate(before, cohort);
  }
}
