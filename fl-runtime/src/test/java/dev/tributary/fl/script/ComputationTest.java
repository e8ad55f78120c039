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
import dev.tributary.fl.adapter.PrefixTuning;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.Computation.AcrossDevices;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.model.SafetensorsWriter;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TestDevice;
import dev.tributary.fl.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However the base is held and computed, the result is the same, as far as formats allow. */
class ComputationTest {
  private static final int VOCABULARY = 61;
  private static final OptimizerRule ADAM = new OptimizerRule.AdamW(0.9, 0.999, 1e-8, 0);

  @TempDir static Path folder;

  private static Checkpoint checkpoint;

  @BeforeAll
  static void writeModel() {
    checkpoint = TinyModels.llama(folder, VOCABULARY);
  }

  private static CausalLm load(Computation computation) {
    return load(checkpoint, computation);
  }

  private static CausalLm load(Checkpoint from, Computation computation) {
    return TorchScript.load(
        from, computation, Collections.nCopies(computation.devices(), TestDevice.chosen()));
  }

  private static Computation plain() {
    return Computation.in(DType.FLOAT32);
  }

  private static Computation recomputed(int every) {
    return new Computation(DType.FLOAT32, false, every, 1, AcrossDevices.DATA, false);
  }

  private static Computation across(AcrossDevices what, int devices) {
    return new Computation(DType.FLOAT32, false, 0, devices, what, false);
  }

  private static Lora lora(double dropout) {
    return new Lora(
        new LoraConfig(3, 6, dropout, List.of("q_proj", "v_proj", "o_proj", "down_proj"), false));
  }

  private static PackedBatch batch(AdapterMethod method) {
    return PackedBatch.of(
        GradientOracleTest.examples(5, 30, 5),
        method.stochastic() ? Beginning.REPEATED : Beginning.SHARED);
  }

  /** The trained tensors after three steps; every client's as well as one's own. */
  private static NamedTensors trained(CausalLm model, AdapterMethod method) {
    PackedBatch batch = batch(method);
    try (TrainedWeights weights = model.weights(method, method.initial(checkpoint, Seed.of(2)))) {
      for (int step = 1; step <= 3; step++) {
        weights.addGradients(batch, 1.0 / batch.labels(), step);
        weights.update(ADAM, 0.01, step);
      }
      return weights.state();
    }
  }

  private static void assertSame(NamedTensors found, NamedTensors expected, double tolerance) {
    assertThat(found.names()).isEqualTo(expected.names());
    expected
        .byName()
        .forEach(
            (name, tensor) ->
                assertThat(found.get(name).values())
                    .as(name)
                    .containsExactly(tensor.values(), within((float) tolerance)));
  }

  private static List<AdapterMethod> methods() {
    return List.of(
        lora(0),
        lora(0.2),
        new FullFineTuning(),
        new PrefixTuning(new PrefixTuning.Config(3, true, Optional.empty())));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void recomputingChangesNoBit(int every) {
    for (AdapterMethod method : methods()) {
      try (CausalLm kept = load(plain());
          CausalLm again = load(recomputed(every))) {
        assertSame(trained(again, method), trained(kept, method), 0);
      }
    }
  }

  @Test
  void blocksOutOfTheHostsMemoryChangeNoBit() {
    Computation offloaded = new Computation(DType.FLOAT32, false, 0, 1, AcrossDevices.DATA, true);
    for (AdapterMethod method : methods()) {
      try (CausalLm kept = load(plain());
          CausalLm model = load(offloaded)) {
        assertSame(trained(model, method), trained(kept, method), 0);
      }
    }
  }

  @Test
  void blocksOnSeveralDevicesGiveWhatAutogradGivesOnOne() {
    try (CausalLm one = load(plain());
        CausalLm spread = load(across(AcrossDevices.LAYERS, 2))) {
      for (AdapterMethod method : methods()) {
        // low-rank updates go by autograd here, whose terms add up in another order
        boolean written = method instanceof Lora;
        assertSame(trained(spread, method), trained(one, method), written ? 2e-4 : 0);
      }
      assertThat(answers(spread)).isEqualTo(answers(one));
    }
  }

  private static List<List<Integer>> answers(CausalLm model) {
    Lora lora = lora(0);
    try (TrainedWeights weights = model.weights(lora, lora.initial(checkpoint, Seed.of(2)))) {
      List<int[]> prompts = List.of(new int[] {3, 4, 5}, new int[] {6, 7}, new int[] {9});
      return model.generate(weights, prompts, 12, List.of()).stream()
          .map(tokens -> java.util.Arrays.stream(tokens).boxed().toList())
          .toList();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7})
  void devicesThatShareABatchGiveWhatOneGives(int devices) {
    try (CausalLm one = load(plain());
        CausalLm split = load(across(AcrossDevices.DATA, devices))) {
      for (AdapterMethod method : List.of(lora(0), new FullFineTuning())) {
        assertSame(trained(split, method), trained(one, method), 2e-4);
      }
      assertThat(answers(split)).isEqualTo(answers(one));
      // draws are each device's own, but the same every time
      assertSame(trained(split, lora(0.2)), trained(split, lora(0.2)), 0);
    }
  }

  @Test
  void partsOfABatchHaveItsExamplesOnce() {
    for (Beginning beginning : Beginning.values()) {
      PackedBatch whole = PackedBatch.of(GradientOracleTest.examples(5, 40, 5), beginning);
      for (int count = 1; count <= 7; count++) {
        List<PackedBatch> parts = whole.parts(count);
        assertThat(parts).hasSizeLessThanOrEqualTo(Math.min(count, 5));
        assertThat(parts.stream().mapToInt(PackedBatch::labels).sum()).isEqualTo(whole.labels());
        assertThat(parts.stream().mapToInt(part -> part.lengths().length - 1).sum()).isEqualTo(5);
        for (PackedBatch part : parts) {
          assertThat(part.lengths()[0]).isEqualTo(whole.lengths()[0]);
          for (int label = 0; label < part.labels(); label++) {
            int row = part.labelRows()[label];
            // within an example the next row is the label, but for the last one
            if (row + 1 < part.tokens().length
                && part.positions()[row + 1] > part.positions()[row]) {
              assertThat(part.targets()[label]).isEqualTo(part.tokens()[row + 1]);
            }
          }
        }
      }
    }
  }

  @Test
  void eightBitWeightsAreTheNearestOfTheirGrid() throws IOException {
    // a checkpoint of the numbers that 8-bit integers stand for is the same model
    Path rounded = Files.createDirectories(folder.resolve("rounded"));
    Files.copy(checkpoint.json().file(), rounded.resolve("config.json"));
    SafetensorsWriter writer = new SafetensorsWriter();
    checkpoint
        .parameters()
        .keySet()
        .forEach(
            name -> {
              NamedTensors.Tensor tensor = checkpoint.parameter(name);
              boolean linear = name.contains("_proj");
              float[] values = linear ? rounded(tensor) : tensor.values();
              writer.add(name, DType.FLOAT32, tensor.shape(), () -> values);
            });
    writer.writeTo(rounded.resolve("model.safetensors"));
    Computation int8 = new Computation(DType.FLOAT32, true, 0, 1, AcrossDevices.DATA, false);
    try (CausalLm expected = load(Checkpoint.open(rounded), plain());
        CausalLm model = load(int8)) {
      for (AdapterMethod method :
          List.of(
              lora(0.2), new PrefixTuning(new PrefixTuning.Config(3, false, Optional.empty())))) {
        assertSame(trained(model, method), trained(expected, method), 2e-5);
      }
      assertThatThrownBy(() -> trained(model, new FullFineTuning()))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("Cannot train weights that are held as 8-bit integers");
    }
  }

  private static float[] rounded(NamedTensors.Tensor weight) {
    int inputs = Math.toIntExact(weight.shape().get(1));
    float[] values = weight.values().clone();
    for (int row = 0; row < values.length; row += inputs) {
      float largest = 0;
      for (int i = row; i < row + inputs; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      float scale = largest / 127;
      for (int i = row; i < row + inputs; i++) {
        values[i] = (float) Math.rint(values[i] / scale) * scale;
      }
    }
    return values;
  }

  @Test
  void float16ComesNearFloat32() {
    try (CausalLm exact = load(plain());
        CausalLm half = load(Computation.in(DType.FLOAT16))) {
      for (AdapterMethod method : methods()) {
        NamedTensors expected = gradients(exact, method);
        gradients(half, method)
            .byName()
            .forEach(
                (name, tensor) ->
                    assertThat(cosine(tensor.values(), expected.get(name).values()))
                        .as(name)
                        .isGreaterThan(0.999));
      }
    }
  }

  /** At a state that moved from the start, where some of them are 0. */
  private static NamedTensors gradients(CausalLm model, AdapterMethod method) {
    PackedBatch batch = batch(method);
    NamedTensors state;
    try (CausalLm plain = load(plain())) {
      state = trained(plain, method);
    }
    try (TrainedWeights weights = model.weights(method, state)) {
      weights.addGradients(batch, 1.0 / batch.labels(), 9);
      return weights.gradients();
    }
  }

  private static double cosine(float[] a, float[] b) {
    double product = 0;
    double squaresOfA = 0;
    double squaresOfB = 0;
    for (int i = 0; i < a.length; i++) {
      product += (double) a[i] * b[i];
      squaresOfA += (double) a[i] * a[i];
      squaresOfB += (double) b[i] * b[i];
    }
    return product / Math.sqrt(squaresOfA * squaresOfB);
  }

  @Test
  void gradientsThatLeaveFloat16AreLeftOutAndTriedSmaller() {
    Lora lora = lora(0);
    PackedBatch batch = batch(lora);
    try (CausalLm half = load(Computation.in(DType.FLOAT16));
        TrainedWeights weights = half.weights(lora, lora.initial(checkpoint, Seed.of(2)))) {
      // as if the loss were a thousand times as steep
      weights.addGradients(batch, 1000, 1);
      assertThat(weights.gradientNorm()).isNotFinite();
      int lowered = 0;
      while (!Double.isFinite(weights.gradientNorm())) {
        assertThat(weights.backOff()).isTrue();
        assertThat(weights.gradientNorm()).isZero();
        weights.addGradients(batch, 1000, 1);
        lowered++;
      }
      assertThat(lowered).isBetween(1, 10);
    }
    try (CausalLm single = load(plain());
        TrainedWeights weights = single.weights(lora, lora.initial(checkpoint, Seed.of(2)))) {
      assertThat(weights.backOff()).isFalse();
    }
  }

  @Test
  void devicesThatAreNotThereAreRefused() {
    assertThatThrownBy(
            () ->
                TorchScript.load(
                    checkpoint, across(AcrossDevices.DATA, 2), List.of(TestDevice.chosen())))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "model.devices is 2, but a client has [" + TestDevice.chosen() + "] here");
    assertThatThrownBy(() -> new Computation(DType.FLOAT32, false, 0, 2, AcrossDevices.DATA, true))
        .hasMessageContaining("offload = true is not valid; it goes with one device");
  }
}
