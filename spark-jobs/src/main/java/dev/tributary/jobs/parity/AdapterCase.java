// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointWriter;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** A PEFT adapter on a base model of the same set: outputs, gradients, three steps of training. */
record AdapterCase(Recording recording, Device device) implements ParityCase {
  /** Of norms, relative; what twenty times a float32 model's rounding comes to. */
  private static final double NORM_TOLERANCE = 2e-5;

  /** Merged weights have no tolerance in the recordings: the least that any output has. */
  private static final double MERGED_TOLERANCE = 1e-5;

  @Override
  public String name() {
    return recording.name();
  }

  @Override
  public void run(Report report) {
    String baseName = recording.meta("golden/meta.json").path("base_model").asText("");
    Recording base = new Recording(recording.inSet(baseName), recording.root());
    Checkpoint checkpoint = Checkpoint.open(base.folder());
    PeftDirectory.Contents adapter = PeftDirectory.read(recording.folder(), checkpoint.config());
    Outputs outputs = new Outputs(recording, base, report);
    AdapterMethod described = adapter.described();
    NamedTensors start = start(described.placement(checkpoint.config()));
    try (CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, device)) {
      // Recordings are made in evaluation mode, whatever dropout the adapter was trained with.
      Weights saved = new Weights(model, adapter.method().withoutDropout());
      Weights trained = new Weights(model, described.withoutDropout());
      outputs.attempt("forward", () -> saved.on(adapter.state(), w -> outputs.forward(model, w)));
      outputs.attempt(
          "gradients",
          () -> trained.on(start, w -> outputs.gradients(w, AdapterCase::nameInState)));
      for (Map.Entry<String, JsonNode> way : outputs.meta().path("training").properties()) {
        outputs.attempt(
            way.getKey(),
            () ->
                trained.on(start, w -> training(model, w, outputs, way.getKey(), way.getValue())));
      }
      outputs.attempt(
          "generation", () -> saved.on(adapter.state(), w -> outputs.generation(model, w)));
    }
    if (recording.has("golden/merged.safetensors")) {
      outputs.attempt("merged", () -> merged(checkpoint, adapter, outputs));
    }
  }

  /** The adapter's tensors on the model, for one comparison at a time. */
  private record Weights(CausalLm model, AdapterMethod method) {
    void on(NamedTensors state, Consumer<TrainedWeights> action) {
      try (TrainedWeights weights = model.weights(method, state)) {
        action.accept(weights);
      }
    }
  }

  /** From PEFT's names in a model, which recordings have, to ours. */
  static String nameInState(String recorded) {
    String name =
        recorded.startsWith("base_model.model.")
            ? recorded.substring("base_model.model.".length())
            : recorded;
    return name.replace(".lora_magnitude_vector.weight", ".lora_magnitude_vector");
  }

  /** The tensors before training, in the adapter's own order. */
  private NamedTensors start(Placement placement) {
    NamedTensors recorded =
        Outputs.named(recording.tensors("golden/trainable.safetensors"), AdapterCase::nameInState);
    Map<String, NamedTensors.Tensor> ordered = new LinkedHashMap<>();
    for (String name : placement.shapes().keySet()) {
      ordered.put(name, recorded.get(name));
    }
    return new NamedTensors(ordered);
  }

  /** Steps on the one batch; losses are those before each step and after the last. */
  private void training(
      CausalLm model, TrainedWeights weights, Outputs outputs, String way, JsonNode recorded) {
    JsonNode options = recorded.path("options");
    OptimizerRule rule = rule(way, options);
    double learningRate = options.path("lr").asDouble(Double.NaN);
    JsonNode losses = recorded.path("losses");
    JsonNode norms = recorded.path("gradient_norms_before_clipping");
    Difference lossDifference = new Difference();
    Difference normDifference = new Difference();
    double largestNorm = 0;
    int steps = options.path("steps").asInt();
    for (int step = 1; step <= steps; step++) {
      lossDifference.add(outputs.addGradients(weights), losses.path(step - 1).asDouble(Double.NaN));
      double norm = weights.gradientNorm();
      normDifference.add(norm, norms.path(step - 1).asDouble(Double.NaN));
      largestNorm = Math.max(largestNorm, norms.path(step - 1).asDouble(0));
      if (options.hasNonNull("clip")) {
        weights.scaleGradients(clipping(options.get("clip").asDouble(), norm));
      }
      weights.update(rule, learningRate, step);
    }
    double sum = 0;
    for (float logProbability : model.logProbabilities(weights, outputs.packed())) {
      sum -= logProbability;
    }
    lossDifference.add(sum / outputs.packed().labels(), losses.path(steps).asDouble(Double.NaN));
    SafetensorsFile after = recording.tensors("golden/" + way + ".safetensors");
    outputs.compare(
        way,
        Outputs.difference(weights.state(), after, AdapterCase::nameInState),
        outputs.tolerance(way));
    outputs.compare(way + "_losses", lossDifference.largest(), outputs.tolerance(way + "_losses"));
    // A norm's error is at most that of its gradients, and those after a step carry the step's.
    outputs.compare(
        way + "_gradient_norms",
        normDifference.largest(),
        Math.max(
            NORM_TOLERANCE * largestNorm,
            Math.max(outputs.tolerance("gradients"), outputs.tolerance(way + "_losses"))));
  }

  private static OptimizerRule rule(String way, JsonNode options) {
    double decay = options.path("weight_decay").asDouble(0);
    return switch (way) {
      case "adamw" ->
          new OptimizerRule.AdamW(
              options.path("betas").path(0).asDouble(),
              options.path("betas").path(1).asDouble(),
              options.path("eps").asDouble(),
              decay);
      case "sgd" ->
          new OptimizerRule.Sgd(
              options.path("momentum").asDouble(0), options.path("nesterov").asBoolean(), decay);
      default -> throw new InputException("training by " + way + " is not known here");
    };
  }

  /** The factor of torch.nn.utils.clip_grad_norm_. */
  static double clipping(double largest, double norm) {
    return Math.min(1, largest / (norm + 1e-6));
  }

  private void merged(Checkpoint base, PeftDirectory.Contents adapter, Outputs outputs) {
    SafetensorsFile recorded = recording.tensors("golden/merged.safetensors");
    Difference all = new Difference();
    for (SafetensorsFile.Entry entry : recorded.entries().values()) {
      all.add(
          CheckpointWriter.merged(base, adapter.method(), adapter.state(), entry.name()),
          entry.shape(),
          recorded.floats(entry.name()),
          entry.name());
    }
    outputs.compare("merged", all.largest(), MERGED_TOLERANCE);
  }
}
