// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A model whose answer to a prompt is what a function says, and whose failures are ordered. */
public final class ScriptedModel implements CausalLm {
  /** Weights that nobody looks into. */
  public static final TrainedWeights WEIGHTS = weights(0);

  /** Weights of which is known only how many positions they take. */
  public static TrainedWeights weights(int virtualTokens) {
    return (TrainedWeights)
        Proxy.newProxyInstance(
            ScriptedModel.class.getClassLoader(),
            new Class<?>[] {TrainedWeights.class},
            (self, method, arguments) -> {
              if (method.getName().equals("virtualTokens")) {
                return virtualTokens;
              }
              throw new UnsupportedOperationException("evaluation has no business with " + method);
            });
  }

  public final List<List<int[]>> generated = new ArrayList<>();
  public final List<PackedBatch> evaluated = new ArrayList<>();
  private final int maxPositions;
  private final UnaryOperator<int[]> answer;
  private Consumer<List<int[]>> beforeGenerating = prompts -> {};
  private Consumer<PackedBatch> beforeEvaluating = batch -> {};
  private Loss loss = (row, target) -> 0.1 * (1 + target % 7);

  /** Negative log-likelihood of a target. */
  public interface Loss {
    double at(int token, int target);
  }

  public ScriptedModel(int maxPositions, UnaryOperator<int[]> answer) {
    this.maxPositions = maxPositions;
    this.answer = answer;
  }

  public ScriptedModel beforeGenerating(Consumer<List<int[]>> check) {
    beforeGenerating = check;
    return this;
  }

  public ScriptedModel beforeEvaluating(Consumer<PackedBatch> check) {
    beforeEvaluating = check;
    return this;
  }

  public ScriptedModel loss(Loss loss) {
    this.loss = loss;
    return this;
  }

  @Override
  public List<int[]> generate(
      TrainedWeights weights,
      List<int[]> prompts,
      int maxNewTokens,
      List<int[]> stops,
      dev.tributary.fl.model.Sampling sampling,
      List<dev.tributary.fl.seed.Seed> seeds) {
    beforeGenerating.accept(prompts);
    generated.add(prompts);
    List<int[]> written = new ArrayList<>();
    for (int[] prompt : prompts) {
      if (prompt.length + maxNewTokens > maxPositions) {
        throw new IllegalArgumentException("no room for " + maxNewTokens + " tokens");
      }
      written.add(until(stops, answer.apply(prompt), maxNewTokens));
    }
    return written;
  }

  private static int[] until(List<int[]> stops, int[] tokens, int maxNewTokens) {
    int most = Math.min(tokens.length, maxNewTokens);
    for (int n = 1; n <= most; n++) {
      for (int[] stop : stops) {
        if (n >= stop.length && Arrays.equals(tokens, n - stop.length, n, stop, 0, stop.length)) {
          return Arrays.copyOf(tokens, n - stop.length);
        }
      }
    }
    return Arrays.copyOf(tokens, most);
  }

  @Override
  public float[] logProbabilities(TrainedWeights weights, PackedBatch batch) {
    beforeEvaluating.accept(batch);
    evaluated.add(batch);
    float[] values = new float[batch.labels()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) -loss.at(batch.tokens()[batch.labelRows()[i]], batch.targets()[i]);
    }
    return values;
  }

  @Override
  public float[] logits(TrainedWeights weights, PackedBatch batch) {
    throw new UnsupportedOperationException();
  }

  @Override
  public TrainedWeights weights(AdapterMethod adapter, NamedTensors state) {
    return WEIGHTS;
  }

  @Override
  public void close() {}

  @Override
  public ModelConfig config() {
    return new ModelConfig() {
      @Override
      public String modelType() {
        return "scripted";
      }

      @Override
      public int vocabularySize() {
        return 1 << 17;
      }

      @Override
      public int hiddenSize() {
        return 1;
      }

      @Override
      public int layers() {
        return 1;
      }

      @Override
      public int maxPositions() {
        return maxPositions;
      }

      @Override
      public List<Integer> endOfText() {
        return List.of(PieceEncoding.END_OF_TEXT);
      }

      @Override
      public Map<String, List<Long>> parameters() {
        return Map.of();
      }

      @Override
      public List<LinearLayer> linearLayers() {
        return List.of();
      }

      @Override
      public int heads() {
        return 1;
      }

      @Override
      public boolean tiedHead() {
        return false;
      }

      @Override
      public int attentionInputs() {
        return 0;
      }

      @Override
      public dev.tributary.fl.model.ScriptInputs scriptInputs() {
        throw new UnsupportedOperationException("no script computes this model");
      }
    };
  }
}
