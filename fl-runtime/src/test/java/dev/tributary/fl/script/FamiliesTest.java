// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.Ia3;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PTuning;
import dev.tributary.fl.adapter.PrefixTuning;
import dev.tributary.fl.adapter.PromptTuning;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointWriter;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.model.Sampling;
import dev.tributary.fl.model.TrainedWeights;
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
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family with every kind of adapter, mostly in float64. */
class FamiliesTest {
  @TempDir static Path folder;

  static Stream<String> families() {
    return TinyModels.families().keySet().stream();
  }

  private static Checkpoint checkpoint(String family) {
    String config = TinyModels.families().getOrDefault(family, "");
    return Checkpoint.open(TinyModels.write(folder.resolve(family), config, DType.FLOAT32, 7));
  }

  private static ScriptModel load(Checkpoint checkpoint) {
    return ScriptModel.load(
        checkpoint, ComputeType.FLOAT64, TorchScript.checked(TestDevice.chosen()));
  }

  static Map<String, AdapterMethod> methods() {
    List<String> all = List.of(LoraConfig.ALL_LINEAR);
    Map<String, AdapterMethod> methods = new LinkedHashMap<>();
    methods.put("lora", new Lora(new LoraConfig(2, 4, 0, all, false)));
    methods.put("lora with dropout", new Lora(new LoraConfig(2, 4, 0.3, all, true)));
    methods.put("dora", lora(0, true, LoraConfig.Bias.NONE));
    methods.put("dora with dropout", lora(0.3, true, LoraConfig.Bias.NONE));
    methods.put("lora and biases", lora(0, false, LoraConfig.Bias.ALL));
    methods.put("ia3", new Ia3(new Ia3.Config(Optional.empty(), Optional.empty())));
    methods.put("prompt", new PromptTuning(new PromptTuning.Config(3, Optional.empty())));
    methods.put("mlp", pTuning(PTuning.EncoderKind.MLP));
    methods.put("lstm", pTuning(PTuning.EncoderKind.LSTM));
    methods.put("prefix", new PrefixTuning(new PrefixTuning.Config(3, false, Optional.empty())));
    methods.put("projection", new PrefixTuning(new PrefixTuning.Config(3, true, Optional.of(5))));
    methods.put("full", new FullFineTuning());
    return methods;
  }

  private static AdapterMethod pTuning(PTuning.EncoderKind kind) {
    return new PTuning(new PTuning.Config(3, kind, Optional.of(4), 2));
  }

  private static Lora lora(double dropout, boolean dora, LoraConfig.Bias bias) {
    return new Lora(
        new LoraConfig(
            2,
            4,
            dropout,
            List.of(LoraConfig.ALL_LINEAR),
            false,
            dora,
            bias,
            Map.of(".*\\.1\\..*", 3),
            Map.of(".*\\.2\\..*", 8.0)));
  }

  /** Away from where a fresh adapter is the base. */
  private static NamedTensors state(Checkpoint checkpoint, AdapterMethod method) {
    SplittableRandom random = new SplittableRandom(3);
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    method
        .initial(checkpoint, Seed.of(3))
        .byName()
        .forEach(
            (name, tensor) -> {
              float[] values = tensor.values().clone();
              for (int i = 0; i < values.length; i++) {
                values[i] += (float) (0.1 * random.nextGaussian());
              }
              tensors.put(name, new NamedTensors.Tensor(tensor.shape(), values));
            });
    return new NamedTensors(tensors);
  }

  private static PackedBatch batch(AdapterMethod method) {
    return PackedBatch.of(
        GradientOracleTest.examples(3, 20, 5),
        method.stochastic() ? Beginning.REPEATED : Beginning.SHARED);
  }

  private static double loss(
      ScriptModel model, AdapterMethod method, NamedTensors state, PackedBatch batch) {
    try (TrainedWeights weights = model.weights(method, state)) {
      return weights.addGradients(batch, 1, 7);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void gradientsAreFiniteDifferences(String family) {
    Checkpoint checkpoint = checkpoint(family);
    try (ScriptModel model = load(checkpoint)) {
      methods()
          .forEach(
              (name, method) -> {
                NamedTensors state = state(checkpoint, method);
                PackedBatch batch = batch(method);
                NamedTensors gradients;
                try (TrainedWeights weights = model.weights(method, state)) {
                  weights.addGradients(batch, 1, 7);
                  gradients = weights.gradients();
                }
                SplittableRandom random = new SplittableRandom(11);
                // DoRA's norm is a constant to the gradient (Liu et al. 2024, section 4.3)
                List<String> sampled =
                    state.names().stream()
                        .filter(tensor -> !name.startsWith("dora") || tensor.contains("magnitude"))
                        .filter(tensor -> random.nextInt(4) == 0)
                        .limit(6)
                        .toList();
                for (String tensor : sampled) {
                  int i = random.nextInt(state.get(tensor).values().length);
                  // encoders compute in float32; ReLU has kinks, so steps are small where they can
                  // be
                  boolean encoder = method.placement(checkpoint.config()).encoder().isPresent();
                  float step = encoder ? 0x1p-11f : 0x1p-15f;
                  double tolerance = encoder ? 0.02 : 1e-3;
                  float value = state.get(tensor).values()[i];
                  double above = loss(model, method, moved(state, tensor, i, step), batch);
                  double below = loss(model, method, moved(state, tensor, i, -step), batch);
                  double expected =
                      (above - below) / ((double) (value + step) - (double) (value - step));
                  assertThat((double) gradients.get(tensor).values()[i])
                      .as(name + ", " + tensor + " [" + i + "]")
                      .isCloseTo(expected, within(tolerance * Math.max(1, Math.abs(expected))));
                }
              });
    }
  }

  private static NamedTensors moved(NamedTensors start, String name, int index, float by) {
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>(start.byName());
    float[] values = start.get(name).values().clone();
    values[index] += by;
    tensors.put(name, new NamedTensors.Tensor(start.get(name).shape(), values));
    return new NamedTensors(tensors);
  }

  @ParameterizedTest
  @MethodSource("families")
  void packedRowsGiveWhatExamplesGiveAlone(String family) {
    Checkpoint checkpoint = checkpoint(family);
    List<EncodedExample> examples = GradientOracleTest.examples(3, 20, 5);
    try (ScriptModel model = load(checkpoint)) {
      methods()
          .forEach(
              (name, method) -> {
                if (method.stochastic()) {
                  return; // draws by rows
                }
                NamedTensors state = state(checkpoint, method);
                NamedTensors expected;
                double alone = 0;
                try (TrainedWeights weights = model.weights(method, state)) {
                  for (EncodedExample example : examples) {
                    alone +=
                        weights.addGradients(
                            PackedBatch.of(List.of(example), Beginning.SHARED), 0.5, 7);
                  }
                  expected = weights.gradients();
                }
                for (Beginning beginning : Beginning.values()) {
                  try (TrainedWeights weights = model.weights(method, state)) {
                    double together =
                        weights.addGradients(PackedBatch.of(examples, beginning), 0.5, 7);
                    assertThat(together).as(name).isCloseTo(alone, within(1e-9 * alone));
                    NamedTensors found = weights.gradients();
                    for (String tensor : expected.names()) {
                      assertThat(found.get(tensor).values())
                          .as(name + ", " + tensor)
                          .containsExactly(expected.get(tensor).values(), within(2e-5f));
                    }
                  }
                }
              });
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void mergedCheckpointsAnswerAsBaseAndAdapter(String family) {
    Checkpoint checkpoint = checkpoint(family);
    PackedBatch batch = batch(new FullFineTuning());
    try (ScriptModel model = load(checkpoint)) {
      methods()
          .forEach(
              (name, method) -> {
                NamedTensors state = state(checkpoint, method);
                Path to = folder.resolve(family + " " + name);
                if (!method.placement(checkpoint.config()).isMergeable()) {
                  assertThatThrownBy(
                          () -> CheckpointWriter.writeMerged(checkpoint, method, state, to))
                      .isInstanceOf(IllegalArgumentException.class)
                      .hasMessageContaining("virtual tokens are no change of weights");
                  return;
                }
                CheckpointWriter.writeMerged(checkpoint, method, state, to);
                try (TrainedWeights weights = model.weights(method.withoutDropout(), state);
                    ScriptModel merged = load(Checkpoint.open(to));
                    TrainedWeights none =
                        merged.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
                  assertThat(merged.logits(none, batch))
                      .as(name)
                      .containsExactly(model.logits(weights, batch), within(2e-4f));
                }
              });
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void answersDoNotDependOnTheBatch(String family) {
    Checkpoint checkpoint = checkpoint(family);
    List<int[]> prompts = prompts();
    try (ScriptModel model =
        ScriptModel.load(
            checkpoint, ComputeType.FLOAT32, TorchScript.checked(TestDevice.chosen()))) {
      for (AdapterMethod method :
          List.of(
              new BaseOnly(),
              new Lora(new LoraConfig(2, 4, 0, List.of(LoraConfig.ALL_LINEAR), false)),
              // more virtual tokens than a block of the caches
              new PromptTuning(new PromptTuning.Config(140, Optional.empty())),
              new PrefixTuning(new PrefixTuning.Config(5, false, Optional.empty())))) {
        try (TrainedWeights weights = model.weights(method, state(checkpoint, method))) {
          for (Sampling sampling : List.of(Sampling.GREEDY, new Sampling(1.2, 20, 0.9, 1.3))) {
            List<Seed> seeds = prompts.stream().map(p -> Seed.of(Arrays.hashCode(p))).toList();
            List<int[]> together = model.generate(weights, prompts, 12, List.of(), sampling, seeds);
            for (int i = 0; i < prompts.size(); i++) {
              assertThat(
                      model
                          .generate(
                              weights,
                              List.of(prompts.get(i)),
                              12,
                              List.of(),
                              sampling,
                              List.of(seeds.get(i)))
                          .get(0))
                  .as(method + ", prompt " + i)
                  .containsExactly(together.get(i));
            }
          }
          // what is written with caches is what the whole text says
          int[] greedy = model.generate(weights, prompts, 6, List.of()).get(0);
          int[] whole = Arrays.copyOf(prompts.get(0), prompts.get(0).length + 6);
          System.arraycopy(greedy, 0, whole, prompts.get(0).length, 6);
          float[] logits =
              model.logits(
                  weights,
                  PackedBatch.of(
                      List.of(new EncodedExample("whole", whole, prompts.get(0).length)),
                      Beginning.SHARED));
          for (int t = 0; t < 6; t++) {
            int row = prompts.get(0).length - 1 + t;
            float best = Float.NEGATIVE_INFINITY;
            for (int v = 0; v < 61; v++) {
              best = Math.max(best, logits[row * 61 + v]);
            }
            assertThat(logits[row * 61 + greedy[t]]).isCloseTo(best, within(1e-3f));
          }
        }
      }
    }
  }

  /** Two that share more than a block, and others. */
  private static List<int[]> prompts() {
    SplittableRandom random = new SplittableRandom(9);
    int[] shared = random.ints(150, 3, 61).toArray();
    List<int[]> prompts = new ArrayList<>();
    for (int length : new int[] {7, 160, 171, 3}) {
      int[] prompt = random.ints(length, 3, 61).toArray();
      if (length > 150) {
        System.arraycopy(shared, 0, prompt, 0, shared.length);
      }
      prompts.add(prompt);
    }
    return prompts;
  }

  @Test
  void textsLongerThanTheTableOfPositionsAreRefused() {
    Checkpoint checkpoint = checkpoint("gpt2");
    try (ScriptModel model = load(checkpoint);
        TrainedWeights none = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      assertThatThrownBy(() -> model.generate(none, List.of(new int[500]), 20, List.of()))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(
              "A text of 519 tokens, virtual and new ones included, is longer than the 512");
    }
  }

  @Test
  void penaltiesMakeRepetitionRarer() {
    Checkpoint checkpoint = checkpoint("llama");
    try (ScriptModel model = load(checkpoint);
        TrainedWeights none = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      List<int[]> prompt = List.of(new int[] {5, 6});
      int[] never =
          model
              .generate(
                  none, prompt, 40, List.of(), new Sampling(0, 0, 1, 1e6), List.of(Seed.of(1)))
              .get(0);
      assertThat(Arrays.stream(never).boxed().toList())
          .doesNotHaveDuplicates()
          .doesNotContain(5, 6);
    }
  }

  /** Draws of one token against its exact probabilities: Pearson 1900, 99.9 % of chi-square. */
  @Test
  void drawsFollowTheDistribution() {
    Checkpoint checkpoint = checkpoint("qwen2");
    int draws = 4000;
    try (ScriptModel model = load(checkpoint);
        TrainedWeights none = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      int[] prompt = {7, 8, 9};
      float[] logits =
          model.logits(
              none,
              PackedBatch.of(
                  List.of(new EncodedExample("p", new int[] {7, 8, 9, 3}, 3)), Beginning.SHARED));
      double temperature = 2;
      int topK = 8;
      double[] weights = new double[61];
      for (int v = 0; v < 61; v++) {
        weights[v] = Math.exp(logits[2 * 61 + v] / temperature);
      }
      double least = Arrays.stream(weights).sorted().toArray()[61 - topK];
      double sum = Arrays.stream(weights).filter(w -> w >= least).sum();
      int[] counts = new int[61];
      List<int[]> prompts = java.util.Collections.nCopies(draws, prompt);
      List<Seed> seeds = new ArrayList<>();
      for (int i = 0; i < draws; i++) {
        seeds.add(Seed.of(5).child(i));
      }
      model
          .generate(none, prompts, 1, List.of(), new Sampling(temperature, topK, 1, 1), seeds)
          .forEach(tokens -> counts[tokens[0]]++);
      double chiSquare = 0;
      for (int v = 0; v < 61; v++) {
        double expected = weights[v] >= least ? draws * weights[v] / sum : 0;
        if (expected == 0) {
          assertThat(counts[v]).isZero();
        } else {
          chiSquare += Math.pow(counts[v] - expected, 2) / expected;
        }
      }
      assertThat(chiSquare).isLessThan(24.3); // 7 degrees of freedom
    }
  }
}
