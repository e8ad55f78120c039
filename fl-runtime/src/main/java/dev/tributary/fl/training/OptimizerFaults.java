// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.config.Faults;
import java.util.List;

/** What the optimisers' configurations check alike. */
final class OptimizerFaults {
  private OptimizerFaults() {}

  static Faults shared(Faults faults, double learningRate, double weightDecay) {
    return faults
        .check(
            learningRate > 0 && Double.isFinite(learningRate),
            "learning-rate",
            learningRate,
            "give a number above 0, e.g. 3.0e-4")
        .check(
            weightDecay >= 0 && Double.isFinite(weightDecay),
            "weight-decay",
            weightDecay,
            "give 0 (none) or more, e.g. 0.01");
  }

  static Faults adam(double learningRate, List<Double> betas, double epsilon, double weightDecay) {
    return shared(new Faults(), learningRate, weightDecay)
        .check(
            betas.size() == 2 && betas.stream().allMatch(beta -> beta >= 0 && beta < 1),
            "betas",
            betas,
            "give two numbers in [0, 1), e.g. [0.9, 0.999]")
        .check(
            epsilon > 0 && Double.isFinite(epsilon),
            "epsilon",
            epsilon,
            "give a number above 0, e.g. 1.0e-8");
  }
}
