// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A base model: its outputs as it is, and its gradients under full fine-tuning. */
record ModelCase(Recording recording, Device device) implements ParityCase {
  @Override
  public String name() {
    return recording.name();
  }

  @Override
  public void run(Report report) {
    Checkpoint checkpoint = Checkpoint.open(recording.folder());
    Outputs outputs = new Outputs(recording, recording, report);
    try (CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, device)) {
      outputs.attempt("forward", () -> onBase(model, none -> outputs.forward(model, none)));
      outputs.attempt("gradients", () -> gradients(checkpoint, model, outputs));
      outputs.attempt("generation", () -> onBase(model, none -> outputs.generation(model, none)));
    }
  }

  private static void onBase(CausalLm model, Consumer<TrainedWeights> action) {
    try (TrainedWeights none = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      action.accept(none);
    }
  }

  private static void gradients(Checkpoint checkpoint, CausalLm model, Outputs outputs) {
    FullFineTuning full = new FullFineTuning();
    try (TrainedWeights all = model.weights(full, full.initial(checkpoint, Seed.of(0)))) {
      outputs.gradients(all, UnaryOperator.identity());
    }
  }
}
