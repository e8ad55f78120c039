// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

/**
 * What the loss is multiplied by in the backward pass of a float16 base, so that small gradients do
 * not vanish below its smallest number, 6e-8 (Micikevicius et al. 2018, section 3.2). Always a
 * power of two, so that nothing but the range changes; halved when gradients leave the range,
 * doubled after {@link #PATIENCE} steps that did not.
 *
 * <p>torch starts at 65536 and finds its scale in the first steps. A client has few steps a round
 * and starts anew in each, so ours begins lower, and loses none of them.
 */
final class LossScale {
  private static final double START = 1024;
  private static final double LARGEST = 65536;
  private static final int PATIENCE = 2000;

  private final boolean on;
  private double factor;
  private int steps;

  LossScale(boolean on) {
    this.on = on;
    this.factor = on ? START : 1;
  }

  boolean isOn() {
    return on;
  }

  double factor() {
    return factor;
  }

  /** After gradients that were not finite; false if the scale is not the cause. */
  boolean lower() {
    if (factor <= 1) {
      return false;
    }
    factor /= 2;
    steps = 0;
    return true;
  }

  void stepTaken() {
    if (on && ++steps == PATIENCE) {
      factor = Math.min(LARGEST, 2 * factor);
      steps = 0;
    }
  }
}
