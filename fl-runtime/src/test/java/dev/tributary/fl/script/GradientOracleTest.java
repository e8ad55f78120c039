// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TestDevice;
import dev.tributary.fl.testing.TinyModels;
import dev.tributary.fl.text.EncodedExample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The written-out backward pass against autograd and finite differences, mostly in float64. */
class GradientOracleTest {
  private static final int VOCABULARY = 61;
  private static final String ALL = "q_proj k_proj v_proj o_proj gate_proj up_proj down_proj";

  @TempDir static Path folder;

  private static Checkpoint checkpoint;

  @BeforeAll
  static void writeModel() {
    checkpoint = TinyModels.llama(folder, VOCABULARY);
  }

  private static ScriptModel load(ComputeType type) {
    return ScriptModel.load(checkpoint, type, TorchScript.checked(TestDevice.chosen()));
  }

  private static ScriptWeights weights(ScriptModel model, AdapterMethod method) {
    return (ScriptWeights) model.weights(method, start(method));
  }

  /** Unlike a real start B is not 0. */
  private static NamedTensors start(AdapterMethod method) {
    if (!(method instanceof Lora lora)) {
      return method.initial(checkpoint, Seed.of(3));
    }
    SplittableRandom random = new SplittableRandom(3);
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    lora.initial(checkpoint, Seed.of(3))
        .byName()
        .forEach(
            (name, tensor) -> {
              float[] values = new float[tensor.values().length];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.2 * random.nextGaussian());
              }
              tensors.put(name, new NamedTensors.Tensor(tensor.shape(), values));
            });
    return new NamedTensors(tensors);
  }

  private static Lora lora(double dropout, String targets) {
    return new Lora(new LoraConfig(3, 6, dropout, List.of(targets.split(" ")), false));
  }

  /** Examples that begin with the same five tokens. */
  static List<EncodedExample> examples(int count, int longest, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<EncodedExample> all = new ArrayList<>();
    for (int e = 0; e < count; e++) {
      int[] tokens = new int[Math.max(9, longest - 7 * e)];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = i < 5 ? i + 3 : random.nextInt(3, VOCABULARY);
      }
      all.add(new EncodedExample("example " + e, tokens, 7));
    }
    return all;
  }

  static PackedBatch batch(Beginning beginning) {
    return PackedBatch.of(examples(3, 24, 5), beginning);
  }

  private static void assertSame(NamedTensors found, NamedTensors expected, double tolerance) {
    expected
        .byName()
        .forEach(
            (name, tensor) -> {
              double difference = 0;
              double norm = 0;
              float[] values = found.get(name).values();
              for (int i = 0; i < values.length; i++) {
                difference += Math.pow((double) values[i] - tensor.values()[i], 2);
                norm += Math.pow(tensor.values()[i], 2);
              }
              assertThat(Math.sqrt(difference / norm)).as(name).isLessThan(tolerance);
            });
  }

  @ParameterizedTest
  @CsvSource({
    "0.0, " + ALL,
    "0.3, " + ALL,
    "0.0, q_proj v_proj",
    "0.1, k_proj down_proj",
    "0.5, o_proj gate_proj",
    "0.0, up_proj"
  })
  void writtenBackwardIsThatOfAutograd(double dropout, String targets) {
    Lora lora = lora(dropout, targets);
    for (ComputeType type : List.of(ComputeType.FLOAT64, ComputeType.FLOAT32)) {
      try (ScriptModel model = load(type);
          ScriptWeights written = weights(model, lora);
          ScriptWeights oracle = weights(model, lora)) {
        PackedBatch batch = batch(dropout > 0 ? Beginning.REPEATED : Beginning.SHARED);
        double loss = written.addGradients(batch, 0.25, 99);
        double expected = oracle.addGradientsByAutograd(batch, 0.25, 99);
        assertThat(loss).isCloseTo(expected, within(1e-5 * expected));
        assertSame(
            written.gradients(),
            oracle.gradients(),
            type == ComputeType.FLOAT64 ? 2e-7 : 5e-5); // gradients are float32 in both
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"0.0", "0.4"})
  void gradientsAreFiniteDifferences(double dropout) {
    Lora lora = lora(dropout, ALL);
    PackedBatch batch = batch(dropout > 0 ? Beginning.REPEATED : Beginning.SHARED);
    NamedTensors start = start(lora);
    try (ScriptModel model = load(ComputeType.FLOAT64)) {
      NamedTensors gradients;
      try (ScriptWeights weights = weights(model, lora)) {
        weights.addGradients(batch, 1, 7);
        gradients = weights.gradients();
      }
      SplittableRandom random = new SplittableRandom(11);
      for (String name : start.names()) {
        int i = random.nextInt(start.get(name).values().length);
        float step = 0x1p-10f;
        double above = loss(model, lora, moved(start, name, i, step), batch);
        double below = loss(model, lora, moved(start, name, i, -step), batch);
        assertThat((double) gradients.get(name).values()[i])
            .as(name)
            .isCloseTo((above - below) / (2 * step), within(1e-3));
      }
    }
  }

  private static double loss(
      ScriptModel model, AdapterMethod method, NamedTensors state, PackedBatch batch) {
    try (ScriptWeights weights = (ScriptWeights) model.weights(method, state)) {
      return weights.addGradients(batch, 1, 7);
    }
  }

  private static NamedTensors moved(NamedTensors start, String name, int index, float by) {
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>(start.byName());
    float[] values = start.get(name).values().clone();
    values[index] += by;
    tensors.put(name, new NamedTensors.Tensor(start.get(name).shape(), values));
    return new NamedTensors(tensors);
  }

  @Test
  void longExamplesAreComputedInPieces() {
    // longer than the backward pass's and the head's pieces
    Lora lora = lora(0, ALL);
    for (Beginning beginning : Beginning.values()) {
      PackedBatch batch = PackedBatch.of(examples(2, 600, 8), beginning);
      try (ScriptModel model = load(ComputeType.FLOAT64);
          ScriptWeights written = weights(model, lora);
          ScriptWeights oracle = weights(model, lora)) {
        double loss = written.addGradients(batch, 1, 0);
        assertThat(loss).isCloseTo(oracle.addGradientsByAutograd(batch, 1, 0), within(1e-8 * loss));
        assertSame(written.gradients(), oracle.gradients(), 5e-7);
      }
    }
  }

  @Test
  void sharedBeginningGivesTheGradientOfRepeatedOnes() {
    for (AdapterMethod method : List.of(lora(0, ALL), new FullFineTuning())) {
      try (ScriptModel model = load(ComputeType.FLOAT64);
          ScriptWeights shared = weights(model, method);
          ScriptWeights repeated = weights(model, method)) {
        assertThat(batch(Beginning.SHARED).lengths()[0]).isEqualTo(5);
        double loss = shared.addGradients(batch(Beginning.SHARED), 1, 0);
        assertThat(loss)
            .isCloseTo(repeated.addGradients(batch(Beginning.REPEATED), 1, 0), within(1e-9 * loss));
        assertSame(shared.gradients(), repeated.gradients(), 2e-7);
        Golden.assertClose(
            "log-probabilities",
            model.logProbabilities(shared, batch(Beginning.SHARED)),
            model.logProbabilities(repeated, batch(Beginning.REPEATED)),
            1e-6);
      }
    }
  }

  @Test
  void microBatchesAddUpToTheLargeBatch() {
    for (AdapterMethod method : List.of(lora(0, "q_proj down_proj"), new FullFineTuning())) {
      try (ScriptModel model = load(ComputeType.FLOAT64);
          ScriptWeights large = weights(model, method);
          ScriptWeights small = weights(model, method)) {
        PackedBatch whole = batch(Beginning.SHARED);
        double loss = large.addGradients(whole, 1.0 / whole.labels(), 0);
        double sum = 0;
        for (EncodedExample example : examples(3, 24, 5)) {
          PackedBatch one = PackedBatch.of(List.of(example), Beginning.SHARED);
          sum += small.addGradients(one, 1.0 / whole.labels(), 0);
        }
        assertThat(sum).isCloseTo(loss, within(1e-9 * loss));
        assertSame(small.gradients(), large.gradients(), 5e-7);
      }
    }
  }

  @Test
  void fullGradientsAreFiniteDifferences() {
    FullFineTuning full = new FullFineTuning();
    PackedBatch batch = batch(Beginning.SHARED);
    NamedTensors start = start(full);
    try (ScriptModel model = load(ComputeType.FLOAT64)) {
      NamedTensors gradients;
      try (ScriptWeights weights = weights(model, full)) {
        weights.addGradients(batch, 1, 0);
        gradients = weights.gradients();
      }
      SplittableRandom random = new SplittableRandom(12);
      for (String name : start.names()) {
        int i = random.nextInt(start.get(name).values().length);
        float step = 0x1p-10f;
        double above = loss(model, full, moved(start, name, i, step), batch);
        double below = loss(model, full, moved(start, name, i, -step), batch);
        assertThat((double) gradients.get(name).values()[i])
            .as(name)
            .isCloseTo((above - below) / (2 * step), within(2e-3));
      }
    }
  }

  @Test
  void dropoutHangsOnItsSeedAlone() {
    Lora lora = lora(0.25, ALL);
    PackedBatch batch = batch(Beginning.REPEATED);
    try (ScriptModel model = load(ComputeType.FLOAT32);
        ScriptWeights weights = weights(model, lora)) {
      weights.addGradients(batch, 1, 1);
      NamedTensors first = weights.gradients();
      weights.clearGradients();
      weights.addGradients(batch, 1, 2);
      NamedTensors other = weights.gradients();
      weights.clearGradients();
      weights.addGradients(batch, 1, 1);
      for (String name : first.names()) {
        assertThat(weights.gradients().get(name).values())
            .containsExactly(first.get(name).values());
        assertThat(Arrays.equals(other.get(name).values(), first.get(name).values())).isFalse();
      }
      assertThatThrownBy(() -> weights.addGradients(batch(Beginning.SHARED), 1, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("pack the batch with Beginning.REPEATED");
    }
  }

  @Test
  void adapterWithoutUpdateIsTheBase() {
    Lora lora = lora(0, ALL);
    PackedBatch batch = batch(Beginning.SHARED);
    try (ScriptModel model = load(ComputeType.FLOAT32);
        var base =
            model.weights(new dev.tributary.fl.adapter.BaseOnly(), new NamedTensors(Map.of()));
        var fresh = model.weights(lora, lora.initial(checkpoint, Seed.of(4)))) {
      assertThat(model.logits(fresh, batch)).containsExactly(model.logits(base, batch));
    }
  }

  @Test
  void wrongTensorsAreRefusedByName() {
    Lora lora = lora(0, "q_proj");
    try (ScriptModel model = load(ComputeType.FLOAT32)) {
      assertThatThrownBy(
              () -> model.weights(lora, lora(0, "k_proj").initial(checkpoint, Seed.of(1))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("model.layers.0.self_attn.k_proj.lora_A.weight is none of those");
      Lora wider = new Lora(new LoraConfig(4, 6, 0, List.of("q_proj"), false));
      // the state says the rank, and both factors must have it
      java.util.Map<String, NamedTensors.Tensor> unlike =
          new java.util.LinkedHashMap<>(wider.initial(checkpoint, Seed.of(1)).byName());
      lora.initial(checkpoint, Seed.of(1))
          .byName()
          .forEach(
              (name, tensor) -> {
                if (name.endsWith(Lora.B)) {
                  unlike.put(name, tensor);
                }
              });
      assertThatThrownBy(() -> model.weights(lora, new NamedTensors(unlike)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(
              "q_proj.lora_B.weight of shape [32, 4] is trained, but given is one of shape [32,"
                  + " 3]");
    }
  }
}
