// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.hook.Gradients;
import dev.tributary.fl.hook.TrainingHook;
import dev.tributary.fl.hook.TrainingStep;

/** Adds {@code weight (w - center)} to the gradients. */
record Proximal(double weight, NamedTensors center) implements TrainingHook {
  @Override
  public Verdict beforeUpdate(TrainingStep step, Gradients gradients) {
    gradients.addDifference(weight, center);
    return Verdict.CONTINUE;
  }
}
