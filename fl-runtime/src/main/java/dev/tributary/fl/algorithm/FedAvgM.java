// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.Map;

/**
 * FedAvg with momentum on the server: {@code m = momentum m + delta; w = w + rate m}.
 *
 * <p>Hsu et al. 2019, <a href="https://arxiv.org/abs/1909.06335">Measuring the Effects of
 * Non-Identical Data Distribution for Federated Visual Classification</a>, section 3. Deviations as
 * in {@link ServerOptimizer}. Without momentum, at rate 1, it is FedAvg.
 */
public record FedAvgM(Config config) implements ServerOptimizer {
  /**
   * {@code algorithm: {name: fedavgm, ...}}.
   *
   * @param momentum in [0, 1)
   * @param learningRate of the server, above 0
   */
  public record Config(@Default("0.9") double momentum, @Default("1.0") double learningRate)
      implements Serializable {
    public Config {
      new Faults()
          .check(momentum >= 0 && momentum < 1, "momentum", momentum, "give 0 to below 1, e.g. 0.9")
          .check(
              learningRate > 0 && Double.isFinite(learningRate),
              "learning-rate",
              learningRate,
              "give the server's rate, above 0, e.g. 1.0")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: fedavgm}. */
  public static final class Provider implements FederatedAlgorithm.Provider<Config> {
    @Override
    public String name() {
      return "fedavgm";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public FederatedAlgorithm create(Config config) {
      return new FedAvgM(config);
    }
  }

  @Override
  public Map<String, Double> moments() {
    return Map.of("momentum", 0.0);
  }

  @Override
  public double step(double delta, double[] moments) {
    moments[0] = config.momentum() * moments[0] + delta;
    return config.learningRate() * moments[0];
  }
}
