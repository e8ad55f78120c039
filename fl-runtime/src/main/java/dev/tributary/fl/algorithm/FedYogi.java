// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

/**
 * Yogi on the server: {@code v = v - (1 - beta2) delta^2 sign(v - delta^2)}, which moves no faster
 * than delta^2 in either direction.
 *
 * <p>Reddi et al. 2021, <a href="https://arxiv.org/abs/2003.00295">Adaptive Federated
 * Optimization</a>, algorithm 2. Deviations as in {@link ServerOptimizer}.
 */
public record FedYogi(double learningRate, double beta1, double beta2, double tau)
    implements AdaptiveServer {
  /** Chosen by {@code name: fedyogi}. */
  public static final class Provider implements FederatedAlgorithm.Provider<FedAdam.Config> {
    @Override
    public String name() {
      return "fedyogi";
    }

    @Override
    public Class<FedAdam.Config> configType() {
      return FedAdam.Config.class;
    }

    @Override
    public FederatedAlgorithm create(FedAdam.Config config) {
      return new FedYogi(config.learningRate(), config.beta1(), config.beta2(), config.tau());
    }
  }

  @Override
  public double second(double before, double squaredDelta) {
    return before - (1 - beta2) * squaredDelta * Math.signum(before - squaredDelta);
  }
}
