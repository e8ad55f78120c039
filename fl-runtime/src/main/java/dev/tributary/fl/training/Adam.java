// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.model.OptimizerRule;
import java.io.Serializable;
import java.util.List;

/**
 * {@code optimizer: {name: adam}}; defaults as torch.optim.Adam.
 *
 * @param learningRate above 0
 * @param betas decay of the first and the second moment, each in [0, 1)
 * @param epsilon added to the root of the second moment, above 0
 * @param weightDecay L2 added to the gradient, at least 0
 */
public record Adam(
    @Default("1.0e-3") double learningRate,
    @Default("[0.9, 0.999]") List<Double> betas,
    @Default("1.0e-8") double epsilon,
    @Default("0.0") double weightDecay)
    implements Optimizer, Serializable {

  /** Chosen by {@code name: adam}. */
  public static final class Provider implements Optimizer.Provider<Adam> {
    @Override
    public String name() {
      return "adam";
    }

    @Override
    public Class<Adam> configType() {
      return Adam.class;
    }

    @Override
    public Optimizer create(Adam config) {
      return config;
    }
  }

  public Adam {
    betas = List.copyOf(betas);
    OptimizerFaults.adam(learningRate, betas, epsilon, weightDecay).throwIfAny();
  }

  @Override
  public OptimizerRule rule() {
    return new OptimizerRule.Adam(betas.get(0), betas.get(1), epsilon, weightDecay);
  }
}
