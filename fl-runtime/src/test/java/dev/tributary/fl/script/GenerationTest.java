// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.Sampling;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TestDevice;
import dev.tributary.fl.testing.TinyModels;
import dev.tributary.fl.text.EncodedExample;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Prompts of one batch, which must not see each other. */
class GenerationTest {
  private static final int VOCABULARY = 61;

  @TempDir static Path folder;

  private static Checkpoint checkpoint;

  @BeforeAll
  static void writeModel() {
    checkpoint = TinyModels.llama(folder, VOCABULARY);
  }

  /** Prompts that share their first tokens; each has some of its own. */
  private static List<int[]> prompts(int count, int shared, int longestOwn) {
    SplittableRandom random = new SplittableRandom(2);
    int[] beginning = random.ints(shared, 3, VOCABULARY).toArray();
    List<int[]> all = new ArrayList<>();
    for (int p = 0; p < count; p++) {
      int own = 1 + random.nextInt(longestOwn);
      int[] prompt = Arrays.copyOf(beginning, shared + own);
      for (int i = shared; i < prompt.length; i++) {
        prompt[i] = random.nextInt(3, VOCABULARY);
      }
      all.add(prompt);
    }
    return all;
  }

  private static TrainedWeights weights(CausalLm model) {
    Lora lora = new Lora(new LoraConfig(4, 8, 0, List.of("q_proj", "o_proj", "up_proj"), false));
    TrainedWeights weights = model.weights(lora, lora.initial(checkpoint, Seed.of(3)));
    // B off 0, so that the adapter counts
    NamedTensors noise = lora.initial(checkpoint, Seed.of(4));
    weights.close();
    SplittableRandom random = new SplittableRandom(9);
    noise
        .byName()
        .values()
        .forEach(
            tensor -> {
              for (int i = 0; i < tensor.values().length; i++) {
                tensor.values()[i] = (float) (0.1 * random.nextGaussian());
              }
            });
    return model.weights(lora, noise);
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "BFLOAT16"})
  void tokensDoNotDependOnTheBatch(DType dtype) {
    try (CausalLm model = TorchScript.load(checkpoint, dtype, TestDevice.chosen());
        TrainedWeights weights = weights(model)) {
      // beginnings of several cache blocks, of less than one, and of none
      for (int shared : new int[] {300, 60, 0}) {
        List<int[]> prompts = prompts(9, shared, 150);
        List<int[]> alone = new ArrayList<>();
        for (int[] prompt : prompts) {
          alone.addAll(model.generate(weights, List.of(prompt), 40, List.of()));
        }
        assertThat(model.generate(weights, prompts, 40, List.of()))
            .containsExactlyElementsOf(alone);
        List<int[]> some = List.of(prompts.get(4), prompts.get(8), prompts.get(1));
        assertThat(model.generate(weights, some, 40, List.of()))
            .containsExactly(alone.get(4), alone.get(8), alone.get(1));
      }
    }
  }

  /** Alone, a prompt's next tokens are guessed from what came before, and checked. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "BFLOAT16"})
  void guessesDoNotChangeTokens(DType dtype) {
    int[] repeating = new int[140];
    Arrays.setAll(repeating, i -> 3 + i % 5);
    int[] other = prompts(1, 0, 40).get(0);
    try (CausalLm model = TorchScript.load(checkpoint, dtype, TestDevice.chosen());
        TrainedWeights weights = weights(model)) {
      for (Sampling sampling : List.of(Sampling.GREEDY, new Sampling(0.3, 4, 1, 1))) {
        List<Seed> seeds = List.of(Seed.of(5), Seed.of(6));
        int[] all =
            model
                .generate(weights, List.of(repeating, other), 150, List.of(), sampling, seeds)
                .get(0);
        assertThat(repeatedPairs(all)).as("so guesses are right at times").isPositive();
        for (int newTokens : new int[] {1, 2, 3, 4, 5, 6, 37, 150}) {
          int[] expected = Arrays.copyOf(all, newTokens);
          assertThat(
                  model.generate(
                      weights,
                      List.of(repeating),
                      newTokens,
                      List.of(),
                      sampling,
                      seeds.subList(0, 1)))
              .containsExactly(expected);
        }
        int[] stop = Arrays.copyOfRange(all, 60, 63);
        List<int[]> stopped =
            model.generate(weights, List.of(repeating, other), 150, List.of(stop), sampling, seeds);
        assertThat(
                model.generate(
                    weights, List.of(repeating), 150, List.of(stop), sampling, seeds.subList(0, 1)))
            .containsExactly(stopped.get(0));
      }
    }
  }

  /** Pairs of tokens that come again, each time followed by the same. */
  private static long repeatedPairs(int[] tokens) {
    return IntStream.range(5, tokens.length - 1)
        .filter(
            i ->
                IntStream.range(1, i - 1)
                    .anyMatch(
                        j ->
                            tokens[j] == tokens[i]
                                && tokens[j - 1] == tokens[i - 1]
                                && tokens[j + 1] == tokens[i + 1]))
        .count();
  }

  @Test
  void tokensAreThoseOfTheWholeForwardPass() {
    try (CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, TestDevice.chosen());
        TrainedWeights weights = weights(model)) {
      List<int[]> prompts = prompts(3, 250, 20);
      List<int[]> made = model.generate(weights, prompts, 150, List.of());
      for (int p = 0; p < prompts.size(); p++) {
        int prompt = prompts.get(p).length;
        int[] all = Arrays.copyOf(prompts.get(p), prompt + 150);
        System.arraycopy(made.get(p), 0, all, prompt, 150);
        PackedBatch batch =
            PackedBatch.of(
                List.of(new EncodedExample("p", all, prompt)), PackedBatch.Beginning.SHARED);
        float[] logits = model.logits(weights, batch);
        for (int t = 0; t < 150; t++) {
          int row = (prompt + t - 1) * VOCABULARY;
          float best = Float.NEGATIVE_INFINITY;
          for (int token = 0; token < VOCABULARY; token++) {
            best = Math.max(best, logits[row + token]);
          }
          // the chosen one is the best, or as good but for rounding
          assertThat(logits[row + made.get(p)[t]]).isGreaterThan(best - 1e-3f);
        }
      }
    }
  }

  @Test
  void stopsEndAPromptAndAreCutOff() {
    try (CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, TestDevice.chosen());
        TrainedWeights base = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {
      List<int[]> prompts = prompts(5, 3, 9);
      List<int[]> free = model.generate(base, prompts, 30, List.of());
      int[] stop = Arrays.copyOfRange(free.get(2), 10, 13);
      int[] other = {free.get(4)[0]};
      List<int[]> stopped = model.generate(base, prompts, 30, List.of(stop, other));
      for (int p = 0; p < prompts.size(); p++) {
        assertThat(stopped.get(p)).isEqualTo(cut(free.get(p), stop, other));
      }
      assertThat(stopped.get(4)).isEmpty();
      assertThat(stopped.get(2).length).isLessThanOrEqualTo(10);
    }
  }

  private static int[] cut(int[] tokens, int[]... stops) {
    for (int end = 1; end <= tokens.length; end++) {
      for (int[] stop : stops) {
        if (end >= stop.length
            && Arrays.equals(tokens, end - stop.length, end, stop, 0, stop.length)) {
          return Arrays.copyOf(tokens, end - stop.length);
        }
      }
    }
    return tokens;
  }

  @Test
  void largeBatchesAreSplitByTheirCaches() {
    List<int[]> prompts = List.of(new int[100], new int[300], new int[100], new int[2000]);
    // 300 + 28 positions are three blocks of 128
    long positions = 3 * 3 * ScriptSource.CACHE_BLOCK;
    List<GenerationBatch> batches =
        GenerationBatch.of(
            prompts, 28, List.of(), Sampling.GREEDY, List.of(), (1L << 30) / positions);
    assertThat(batches.stream().map(batch -> batch.prompts().size())).containsExactly(3, 1);
  }

  @Test
  void theSharedBeginningIsCountedOnce() {
    List<int[]> prompts = prompts(40, 1200, 50); // nine whole blocks, up to 98 more and 30 new
    long positions = (9 + 40) * ScriptSource.CACHE_BLOCK;
    assertThat(
            GenerationBatch.of(
                prompts, 30, List.of(), Sampling.GREEDY, List.of(), (1L << 30) / positions))
        .singleElement()
        .satisfies(batch -> assertThat(batch.shared()).isEqualTo(9 * ScriptSource.CACHE_BLOCK));
    assertThat(
            GenerationBatch.of(
                prompts, 30, List.of(), Sampling.GREEDY, List.of(), (1L << 30) / (positions - 1)))
        .extracting(batch -> batch.prompts().size())
        .containsExactly(39, 1);
  }

  @ParameterizedTest
  @EnumSource(ComputeType.class)
  void cachesAreCountedAsWideAsTheyAre(ComputeType type) {
    try (ScriptModel model =
        ScriptModel.load(checkpoint, type, TorchScript.checked(TestDevice.chosen()))) {
      int numbers = 2 * 3 * 2 * 8; // keys and values, blocks, key heads, head size
      switch (type) {
        case FLOAT32 -> assertThat(model.cacheBytesPerPosition()).isEqualTo(4L * numbers);
        // float32 on the CPU, whose libtorch multiplies half floats slowly
        case FLOAT16 ->
            assertThat(model.cacheBytesPerPosition())
                .isEqualTo((TestDevice.chosen().kind() == Device.Kind.CPU ? 4L : 2L) * numbers);
        case FLOAT64 -> assertThat(model.cacheBytesPerPosition()).isEqualTo(8L * numbers);
        // float32 where the processor has no instructions for bfloat16
        case BFLOAT16 -> assertThat(model.cacheBytesPerPosition()).isIn(2L * numbers, 4L * numbers);
      }
    }
  }

  @Test
  void emptyPromptsAndStopsAreRefused() {
    assertThatThrownBy(
            () ->
                GenerationBatch.of(
                    List.of(new int[0]), 1, List.of(), Sampling.GREEDY, List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("A prompt needs at least one token");
    assertThatThrownBy(
            () ->
                GenerationBatch.of(
                    List.of(), 1, List.of(new int[0]), Sampling.GREEDY, List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("A stop needs at least one token");
    assertThatThrownBy(
            () -> GenerationBatch.of(List.of(), 0, List.of(), Sampling.GREEDY, List.of(), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Ask for at least one new token, not 0");
  }
}
