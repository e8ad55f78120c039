// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.training;

import dev.tributary.fl.model.OptimizerRule;

/** How gradients move the trained tensors: sgd, adam, adamw. */
public interface Optimizer {
  OptimizerRule rule();

  /** The rate that schedules scale, above 0. */
  double learningRate();

  /** Found by {@link java.util.ServiceLoader}; chosen by {@code optimizer.name}. */
  interface Provider<C extends Record> extends dev.tributary.fl.config.Provider<Optimizer, C> {}
}
