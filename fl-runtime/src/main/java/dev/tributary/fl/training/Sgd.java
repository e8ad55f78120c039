// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.OptimizerRule;
import java.io.Serializable;

/**
 * {@code optimizer: {name: sgd}}; defaults as torch.optim.SGD.
 *
 * @param learningRate above 0
 * @param momentum in [0, 1)
 * @param nesterov whether the gradient looks ahead; needs momentum
 * @param weightDecay L2 added to the gradient, at least 0
 */
public record Sgd(
    @Default("1.0e-3") double learningRate,
    @Default("0.0") double momentum,
    @Default("false") boolean nesterov,
    @Default("0.0") double weightDecay)
    implements Optimizer, Serializable {

  /** Chosen by {@code name: sgd}. */
  public static final class Provider implements Optimizer.Provider<Sgd> {
    @Override
    public String name() {
      return "sgd";
    }

    @Override
    public Class<Sgd> configType() {
      return Sgd.class;
    }

    @Override
    public Optimizer create(Sgd config) {
      return config;
    }
  }

  public Sgd {
    OptimizerFaults.shared(new Faults(), learningRate, weightDecay)
        .check(
            momentum >= 0 && momentum < 1,
            "momentum",
            momentum,
            "give a number in [0, 1), e.g. 0.9")
        .check(!nesterov || momentum > 0, "nesterov", nesterov, "give momentum above 0, e.g. 0.9")
        .throwIfAny();
  }

  @Override
  public OptimizerRule rule() {
    return new OptimizerRule.Sgd(momentum, nesterov, weightDecay);
  }
}
