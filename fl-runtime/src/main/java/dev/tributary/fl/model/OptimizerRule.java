// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

/**
 * The arithmetic of an optimiser, as torch.optim defines it. A closed set: what is not one of these
 * is built from hooks on gradients.
 */
public sealed interface OptimizerRule {
  /** 0 for none. */
  double weightDecay();

  /**
   * Stochastic gradient descent; weight decay is added to the gradient. Dampening is 0; Nesterov's
   * first buffer is the gradient.
   */
  record Sgd(double momentum, boolean nesterov, double weightDecay) implements OptimizerRule {}

  /** Adam with L2 added to the gradient (Kingma and Ba 2015, algorithm 1). */
  record Adam(double beta1, double beta2, double epsilon, double weightDecay)
      implements OptimizerRule {}

  /** AdamW: the parameter is multiplied by 1 - lr * decay first (Loshchilov and Hutter 2019). */
  record AdamW(double beta1, double beta2, double epsilon, double weightDecay)
      implements OptimizerRule {}
}
