// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.config.Default;
import java.io.Serializable;

/**
 * Adam on the server: {@code v = beta2 v + (1 - beta2) delta^2}.
 *
 * <p>Reddi et al. 2021, <a href="https://arxiv.org/abs/2003.00295">Adaptive Federated
 * Optimization</a>, algorithm 2. Deviations as in {@link ServerOptimizer}.
 */
public record FedAdam(double learningRate, double beta1, double beta2, double tau)
    implements AdaptiveServer {
  /**
   * {@code algorithm: {name: fedadam, ...}}; of {@code fedyogi} too.
   *
   * @param learningRate of the server, above 0
   * @param beta1 decay of the first moment, in [0, 1)
   * @param beta2 decay of the second, in [0, 1)
   * @param tau degree of adaptivity, above 0
   */
  public record Config(
      @Default("0.01") double learningRate,
      @Default("0.9") double beta1,
      @Default("0.99") double beta2,
      @Default("0.001") double tau)
      implements Serializable {
    public Config {
      AdaptiveServer.faults(learningRate, beta1, tau)
          .check(beta2 >= 0 && beta2 < 1, "beta2", beta2, "give 0 to below 1, e.g. 0.99")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: fedadam}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "fedadam";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new FedAdam(config.learningRate(), config.beta1(), config.beta2(), config.tau());
    }
  }

  @Override
  public double second(double before, double squaredDelta) {
    return beta2 * before + (1 - beta2) * squaredDelta;
  }
}
