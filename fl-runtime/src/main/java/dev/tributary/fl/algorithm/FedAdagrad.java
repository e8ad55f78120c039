// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.config.Default;
import java.io.Serializable;

/**
 * Adagrad on the server: {@code v = v + delta^2}.
 *
 * <p>Reddi et al. 2021, <a href="https://arxiv.org/abs/2003.00295">Adaptive Federated
 * Optimization</a>, algorithm 2; its experiments take {@code beta1: 0}, the default here.
 * Deviations as in {@link ServerOptimizer}.
 */
public record FedAdagrad(double learningRate, double beta1, double tau) implements AdaptiveServer {
  /**
   * {@code algorithm: {name: fedadagrad, ...}}.
   *
   * @param learningRate of the server, above 0
   * @param beta1 decay of the first moment, in [0, 1)
   * @param tau degree of adaptivity, above 0
   */
  public record Config(
      @Default("0.01") double learningRate,
      @Default("0.0") double beta1,
      @Default("0.001") double tau)
      implements Serializable {
    public Config {
      AdaptiveServer.faults(learningRate, beta1, tau).throwIfAny();
    }
  }

  /** Chosen by {@code name: fedadagrad}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "fedadagrad";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new FedAdagrad(config.learningRate(), config.beta1(), config.tau());
    }
  }

  @Override
  public double second(double before, double squaredDelta) {
    return before + squaredDelta;
  }
}
