// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import java.nio.file.Path;
import java.util.List;

/** A base that clients train LoRA of rank 8 and alpha 16 on. */
final class LoraBase implements AutoCloseable {
  private final CausalLm model;
  private final Lora lora;
  private final NamedTensors initial;

  private LoraBase(CausalLm model, Lora lora, NamedTensors initial) {
    this.model = model;
    this.lora = lora;
    this.initial = initial;
  }

  /**
   * @param threads of each client's products
   */
  static LoraBase load(
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
    return new LoraBase(
        TorchScript.load(opened, computation, List.of(device)),
        lora,
        lora.initial(opened, Seed.of(1)));
  }

  ModelConfig config() {
    return model.config();
  }

  /** The adapter that every client begins with. */
  NamedTensors initial() {
    return initial;
  }

  /**
   * @param state its adapter, which is copied
   * @return owned by the caller
   */
  LoraTrainer client(NamedTensors state) {
    return new LoraTrainer(model.weights(lora, state));
  }

  /** The products of weights in a step on so many rows, and nothing else. */
  void multiply(int rows) {
    model.multiply(rows);
  }

  @Override
  public void close() {
    model.close();
  }
}
