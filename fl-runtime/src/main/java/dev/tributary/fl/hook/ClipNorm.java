// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hook;

/**
 * Scales gradients down to a largest L2 norm, as {@code torch.nn.utils.clip_grad_norm_}: by {@code
 * min(1, max / (norm + 1e-6))}.
 */
public final class ClipNorm implements TrainingHook {
  private final double largest;
  private int clipped;

  /**
   * @param largest norm that is left alone, above 0
   */
  public ClipNorm(double largest) {
    this.largest = largest;
  }

  @Override
  public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
    // Not the norm that the step names: terms of the algorithm may have come in since.
    double factor = largest / (gradients.norm() + 1e-6);
    if (factor < 1) {
      gradients.scale(factor);
      clipped++;
    }
    return Verdict.CONTINUE;
  }

  /** Steps that were scaled down so far. */
  public int clippedSteps() {
    return clipped;
  }
}
