// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.HalfPrecision;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An adapter on a bfloat16 base. Roundings differ between implementations, so nothing is compared
 * element by element: logits must be about as near to the float32 ones as the reference's, the loss
 * near to its loss, gradients point the same way as in float32.
 */
record BFloat16Case(Recording recording, Device device) implements ParityCase {
  private static final double LOGITS_FACTOR = 1.5;
  private static final double LOSS_TOLERANCE = 0.05;
  private static final double LEAST_COSINE = 0.97;

  @Override
  public String name() {
    return recording.name();
  }

  @Override
  public void run(Report report) {
    JsonNode meta = recording.meta("meta.json");
    Recording base = inSet(meta.path("base_model").asText(""));
    Recording adapterFolder = inSet(meta.path("adapter").asText(""));
    Checkpoint checkpoint = Checkpoint.open(base.folder());
    PeftDirectory.Contents adapter =
        PeftDirectory.read(adapterFolder.folder(), checkpoint.config());
    NamedTensors state =
        switch (meta.path("adapter_dtype").asText()) {
          case "float32" -> adapter.state();
          // What an adapter in bfloat16 is: the layers compute in bfloat16 either way.
          case "bfloat16" -> rounded(adapter.state());
          default ->
              throw new InputException(
                  "adapters in " + meta.path("adapter_dtype") + " are not computed");
        };
    RecordedBatch batch = RecordedBatch.read(base.tensors("golden/batch.safetensors"));
    int labels = batch.packed().labels();
    try (CausalLm model = TorchScript.load(checkpoint, DType.BFLOAT16, device);
        TrainedWeights weights = model.weights(adapter.method().withoutDropout(), state)) {
      report.compare(
          name(),
          "logits_relative_error",
          relativeError(
              batch,
              model.logits(weights, batch.packed()),
              adapterFolder.tensors("golden/forward.safetensors")),
          LOGITS_FACTOR * meta.path("logits_relative_error_to_float32").asDouble(Double.NaN));
      double loss = weights.addGradients(batch.packed(), 1.0 / labels, 0) / labels;
      report.compare(
          name(),
          "loss",
          Difference.between(loss, meta.path("loss").asDouble(Double.NaN)),
          LOSS_TOLERANCE);
      report.compareAtLeast(
          name(),
          "gradients_cosine",
          leastCosine(weights.gradients(), adapterFolder.tensors("golden/gradients.safetensors")),
          LEAST_COSINE);
    }
  }

  private Recording inSet(String relative) {
    return new Recording(recording.inSet(relative), recording.root());
  }

  /** ‖computed - float32‖ / ‖float32‖ over the real tokens. */
  private static double relativeError(
      RecordedBatch batch, float[] computed, SafetensorsFile float32) {
    float[] exact = float32.floats("logits");
    int vocabulary = Math.toIntExact(float32.entry("logits").shape().get(2));
    double error = 0;
    double size = 0;
    for (int row = 0; row < batch.places().length; row++) {
      for (int v = 0; v < vocabulary; v++) {
        double reference = exact[batch.places()[row] * vocabulary + v];
        error += Math.pow(computed[row * vocabulary + v] - reference, 2);
        size += reference * reference;
      }
    }
    return Math.sqrt(error / size);
  }

  private static double leastCosine(NamedTensors computed, SafetensorsFile float32) {
    double least = 1;
    for (Map.Entry<String, NamedTensors.Tensor> exact :
        Outputs.named(float32, AdapterCase::nameInState).byName().entrySet()) {
      float[] a = computed.get(exact.getKey()).values();
      float[] b = exact.getValue().values();
      double product = 0;
      for (int i = 0; i < b.length; i++) {
        product += (double) a[i] * b[i];
      }
      double cosine =
          product / (Outputs.norm(computed.get(exact.getKey())) * Outputs.norm(exact.getValue()));
      least = Double.isNaN(cosine) ? cosine : Math.min(least, cosine);
    }
    return least;
  }

  private static NamedTensors rounded(NamedTensors state) {
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    state
        .byName()
        .forEach(
            (name, tensor) -> {
              float[] values = tensor.values().clone();
              for (int i = 0; i < values.length; i++) {
                values[i] = HalfPrecision.fromBFloat16(HalfPrecision.toBFloat16(values[i]));
              }
              tensors.put(name, new NamedTensors.Tensor(tensor.shape(), values));
            });
    return new NamedTensors(tensors);
  }
}
