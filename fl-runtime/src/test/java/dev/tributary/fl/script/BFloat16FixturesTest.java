// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.testing.TestDevice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A bfloat16 base: as near to the float32 results as PEFT is. */
class BFloat16FixturesTest {
  @ParameterizedTest
  @ValueSource(strings = {"llama-lora-float32-adapter", "llama-lora-bfloat16-adapter"})
  void isAsNearToFloat32AsPeftIs(String name) {
    Golden golden = Golden.adapter("llama", "lora");
    JsonNode meta = Golden.json(SharedData.path("fixtures/bfloat16/" + name + "/meta.json"));
    try (CausalLm model =
            TorchScript.load(golden.checkpoint(), DType.BFLOAT16, TestDevice.chosen());
        TrainedWeights weights = model.weights(golden.lora(), golden.adapterState())) {
      PackedBatch batch = golden.batch();
      float[] expected =
          golden.atTokens(golden.file("forward").floats("logits"), model.config().vocabularySize());
      assertThat(relativeError(model.logits(weights, batch), expected))
          .isLessThanOrEqualTo(1.5 * meta.path("logits_relative_error_to_float32").asDouble());
      double loss = weights.addGradients(batch, 1.0 / batch.labels(), 0) / batch.labels();
      assertThat(loss).isCloseTo(meta.path("loss").asDouble(), within(0.05));
      NamedTensors gradients = weights.gradients();
      Golden.withoutPrefix(golden.file("gradients"))
          .byName()
          .forEach(
              (tensor, recorded) ->
                  assertThat(cosine(gradients.get(tensor).values(), recorded.values()))
                      .as(tensor)
                      .isGreaterThanOrEqualTo(0.97));
    }
  }

  private static double relativeError(float[] found, float[] expected) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow((double) found[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / norm);
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }
}
