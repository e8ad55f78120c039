// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;

/**
 * A client whose steps are timed: AdamW at rate 1e-3 with decay 0.01, gradients clipped at norm 1.
 * For one thread at a time.
 */
final class LoraTrainer implements AutoCloseable {
  private static final OptimizerRule ADAMW = new OptimizerRule.AdamW(0.9, 0.999, 1e-8, 0.01);
  private static final double LEARNING_RATE = 1e-3;
  private static final double CLIP_NORM = 1;

  private final TrainedWeights weights;
  private long steps;

  /**
   * @param weights closed with the trainer
   */
  LoraTrainer(TrainedWeights weights) {
    this.weights = weights;
  }

  /** A whole step, as a client takes it. */
  void step(PackedBatch batch) {
    steps++;
    weights.addGradients(batch, 1.0 / batch.labels(), steps);
    double norm = weights.gradientNorm();
    if (norm > CLIP_NORM) {
      weights.scaleGradients(CLIP_NORM / (norm + 1e-6));
    }
    weights.update(ADAMW, LEARNING_RATE, steps);
  }

  /** A copy of the adapter as it is now. */
  NamedTensors state() {
    return weights.state();
  }

  @Override
  public void close() {
    weights.close();
  }
}
