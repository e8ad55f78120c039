// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.config.Faults;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What FedAdagrad, FedAdam and FedYogi share: {@code m = beta1 m + (1 - beta1) delta; w = w + rate
 * m / (sqrt(v) + tau)}. They differ in {@code v}, which begins at {@code tau^2}.
 *
 * <p>Reddi et al. 2021, algorithm 2, which like this one does not correct the moments' bias.
 * Deviations as in {@link ServerOptimizer}.
 */
interface AdaptiveServer extends ServerOptimizer {
  /** What is wrong with keys that all three have. */
  static Faults faults(double learningRate, double beta1, double tau) {
    return new Faults()
        .check(
            learningRate > 0 && Double.isFinite(learningRate),
            "learning-rate",
            learningRate,
            "give the server's rate, above 0, e.g. 0.01")
        .check(beta1 >= 0 && beta1 < 1, "beta1", beta1, "give 0 to below 1, e.g. 0.9")
        .check(tau > 0 && Double.isFinite(tau), "tau", tau, "give a number above 0, e.g. 0.001");
  }

  double learningRate();

  double beta1();

  double tau();

  /** The second moment after a round. */
  double second(double before, double squaredDelta);

  @Override
  default Map<String, Double> moments() {
    Map<String, Double> moments = new LinkedHashMap<>();
    moments.put("first-moment", 0.0);
    moments.put("second-moment", tau() * tau());
    return moments;
  }

  @Override
  default double step(double delta, double[] moments) {
    moments[0] = beta1() * moments[0] + (1 - beta1()) * delta;
    moments[1] = second(moments[1], delta * delta);
    return learningRate() * moments[0] / (Math.sqrt(moments[1]) + tau());
  }
}
