// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import java.nio.file.Path;
import java.util.List;

/**
 * The training step that is timed: LoRA of rank 8 and alpha 16, AdamW at rate 1e-3 with decay 0.01,
 * gradients clipped at norm 1.
 */
final class LoraTrainer implements AutoCloseable {
  private static final OptimizerRule ADAMW = new OptimizerRule.AdamW(0.9, 0.999, 1e-8, 0.01);
  private static final double LEARNING_RATE = 1e-3;
  private static final double CLIP_NORM = 1;

  private final CausalLm model;
  private final TrainedWeights weights;
  private long steps;

  private LoraTrainer(CausalLm model, TrainedWeights weights) {
    this.model = model;
    this.weights = weights;
  }

  static LoraTrainer load(
      Path checkpoint,
      DType dtype,
      boolean recompute,
      List<String> targets,
      double dropout,
      int threads,
      Device device) {
    TorchScript.setThreads(threads);
    Checkpoint opened = Checkpoint.open(checkpoint);
    Lora lora = new Lora(new LoraConfig(8, 16, dropout, targets, false));
    lora.check(opened.config());
    Computation computation =
        new Computation(dtype, false, recompute ? 1 : 0, 1, Computation.AcrossDevices.DATA, false);
    CausalLm model = TorchScript.load(opened, computation, List.of(device));
    return new LoraTrainer(model, model.weights(lora, lora.initial(opened, Seed.of(1))));
  }

  ModelConfig config() {
    return model.config();
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

  @Override
  public void close() {
    weights.close();
    model.close();
  }
}
