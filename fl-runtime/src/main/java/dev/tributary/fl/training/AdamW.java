// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.model.OptimizerRule;
import java.io.Serializable;
import java.util.List;

/**
 * {@code optimizer: {name: adamw}}; defaults as torch.optim.AdamW.
 *
 * @param learningRate above 0
 * @param betas decay of the first and the second moment, each in [0, 1)
 * @param epsilon added to the root of the second moment, above 0
 * @param weightDecay each step multiplies the weights by 1 - learning rate * this first; at least 0
 */
public record AdamW(
    @Default("1.0e-3") double learningRate,
    @Default("[0.9, 0.999]") List<Double> betas,
    @Default("1.0e-8") double epsilon,
    @Default("0.01") double weightDecay)
    implements Optimizer, Serializable {

  /** Chosen by {@code name: adamw}. */
  public static final class Provider implements Optimizer.Provider<AdamW> {
    @Override
    public String name() {
      return "adamw";
    }

    @Override
    public Class<AdamW> configType() {
      return AdamW.class;
    }

    @Override
    public Optimizer create(AdamW config) {
      return config;
    }
  }

  public AdamW {
    betas = List.copyOf(betas);
    OptimizerFaults.adam(learningRate, betas, epsilon, weightDecay).throwIfAny();
  }

  @Override
  public OptimizerRule rule() {
    return new OptimizerRule.AdamW(betas.get(0), betas.get(1), epsilon, weightDecay);
  }
}
