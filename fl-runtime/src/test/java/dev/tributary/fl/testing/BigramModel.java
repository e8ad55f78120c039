// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.testing;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.EncodedExample;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The smallest language model there is, in plain Java: the next token's logits are a bias plus the
 * row of a table that the last token names. Both tensors are trained. Adapter state is float32, the
 * arithmetic between is float64, so results are the same on any machine.
 */
public final class BigramModel implements CausalLm {
  public static final String TABLE = "table";
  public static final String BIAS = "bias";

  private final int vocabulary;

  public BigramModel(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /**
   * How table and bias enter the model; trained tensors start at small random values.
   *
   * @param dropout probability with which a label's logit row is left out of the table
   */
  public record Method(int vocabulary, double dropout) implements AdapterMethod {
    @Override
    public void check(ModelConfig model) {
      // It is its own model.
    }

    @Override
    public Placement placement(ModelConfig model) {
      throw new UnsupportedOperationException("it is its own model");
    }

    @Override
    public boolean stochastic() {
      return dropout > 0;
    }

    @Override
    public NamedTensors initial(Checkpoint base, Seed seed) {
      return initial(seed);
    }

    public NamedTensors initial(Seed seed) {
      SplittableRandom random = seed.random();
      float[] table = new float[vocabulary * vocabulary];
      for (int i = 0; i < table.length; i++) {
        table[i] = (float) (0.1 * random.nextDouble());
      }
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put(TABLE, new Tensor(List.of((long) vocabulary, (long) vocabulary), table));
      tensors.put(BIAS, new Tensor(List.of((long) vocabulary), new float[vocabulary]));
      return new NamedTensors(tensors);
    }
  }

  /** Configuration of {@link Method}. */
  public record Config(int vocabulary, double dropout) implements Serializable {}

  /** Makes {@link Method}; not registered. */
  public static final class Provider implements AdapterMethod.Provider<Config> {
    @Override
    public String name() {
      return "bigram";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public AdapterMethod create(Config config) {
      return new Method(config.vocabulary(), config.dropout());
    }
  }

  public static Choice<AdapterMethod> method(int vocabulary, double dropout) {
    return new Choice<>(new Provider(), new Config(vocabulary, dropout));
  }

  /** Random examples of 3 to 8 tokens with a prompt of 2, the same for the same seed. */
  public static List<EncodedExample> examples(int count, int vocabulary, Seed seed) {
    List<EncodedExample> examples = new ArrayList<>();
    SplittableRandom random = seed.random();
    for (int e = 0; e < count; e++) {
      int[] tokens = new int[3 + random.nextInt(6)];
      Arrays.setAll(tokens, i -> random.nextInt(vocabulary));
      examples.add(new EncodedExample("e" + e, tokens, 2));
    }
    return examples;
  }

  @Override
  public TrainedWeights weights(AdapterMethod adapter, NamedTensors state) {
    return new Weights(vocabulary, ((Method) adapter).dropout(), state);
  }

  @Override
  public ModelConfig config() {
    throw new UnsupportedOperationException("a bigram model has no checkpoint");
  }

  @Override
  public float[] logProbabilities(TrainedWeights weights, PackedBatch batch) {
    throw new UnsupportedOperationException("this model only trains");
  }

  @Override
  public float[] logits(TrainedWeights weights, PackedBatch batch) {
    throw new UnsupportedOperationException("this model only trains");
  }

  @Override
  public List<int[]> generate(
      TrainedWeights weights,
      List<int[]> prompts,
      int maxNewTokens,
      List<int[]> stops,
      dev.tributary.fl.model.Sampling sampling,
      List<dev.tributary.fl.seed.Seed> seeds) {
    throw new UnsupportedOperationException("this model only trains");
  }

  @Override
  public void close() {
    // Nothing is held.
  }

  private static final class Weights implements TrainedWeights {
    private final int vocabulary;
    private final double dropout;
    private final Map<String, List<Long>> shapes = new LinkedHashMap<>();
    private final Map<String, float[]> values = new LinkedHashMap<>();
    private final Map<String, double[]> gradients = new LinkedHashMap<>();
    private final Map<String, float[]> moments = new LinkedHashMap<>();
    private final Map<String, Tensor> held = new LinkedHashMap<>();

    Weights(int vocabulary, double dropout, NamedTensors state) {
      this.vocabulary = vocabulary;
      this.dropout = dropout;
      if (!state.names().equals(List.of(TABLE, BIAS))) {
        throw new IllegalArgumentException(
            "A bigram model has table and bias, not " + state.names());
      }
      state
          .byName()
          .forEach(
              (name, tensor) -> {
                shapes.put(name, tensor.shape());
                values.put(name, tensor.values().clone());
                gradients.put(name, new double[tensor.values().length]);
              });
    }

    private static <T> T of(Map<String, T> map, String name) {
      return java.util.Objects.requireNonNull(map.get(name));
    }

    @Override
    public double addGradients(PackedBatch batch, double weight, long dropoutSeed) {
      if (dropout > 0 && batch.lengths()[0] > 0) {
        throw new IllegalArgumentException("rows are shared under dropout");
      }
      float[] table = of(values, TABLE);
      float[] bias = of(values, BIAS);
      SplittableRandom random = new SplittableRandom(dropoutSeed);
      double sum = 0;
      for (int label = 0; label < batch.labels(); label++) {
        int row = batch.tokens()[batch.labelRows()[label]] * vocabulary;
        boolean dropped = random.nextDouble() < dropout;
        double[] logits = new double[vocabulary];
        Arrays.setAll(logits, v -> bias[v] + (dropped ? 0 : table[row + v]));
        double largest = Arrays.stream(logits).max().orElseThrow();
        double total = Arrays.stream(logits).map(logit -> Math.exp(logit - largest)).sum();
        int target = batch.targets()[label];
        sum -= logits[target] - largest - Math.log(total);
        for (int v = 0; v < vocabulary; v++) {
          double gradient =
              weight * (Math.exp(logits[v] - largest) / total - (v == target ? 1 : 0));
          of(gradients, BIAS)[v] += gradient;
          of(gradients, TABLE)[row + v] += dropped ? 0 : gradient;
        }
      }
      clearHeld();
      return sum;
    }

    @Override
    public void hold(NamedTensors trained) {
      held.putAll(trained.byName());
      clearHeld();
    }

    private void clearHeld() {
      held.forEach(
          (name, mask) ->
              Arrays.setAll(of(gradients, name), i -> of(gradients, name)[i] * mask.values()[i]));
    }

    private boolean moves(String name) {
      Tensor mask = held.get(name);
      if (mask == null) {
        return true;
      }
      float[] ones = mask.values();
      return java.util.stream.IntStream.range(0, ones.length).anyMatch(i -> ones[i] != 0);
    }

    @Override
    public double gradientNorm() {
      return Math.sqrt(
          gradients.values().stream().flatMapToDouble(Arrays::stream).map(g -> g * g).sum());
    }

    @Override
    public void scaleGradients(double factor) {
      gradients.values().forEach(g -> Arrays.setAll(g, i -> g[i] * factor));
    }

    @Override
    public void addToGradients(double factor, NamedTensors addend) {
      gradients.forEach(
          (name, g) -> {
            float[] a = addend.get(name).values();
            Arrays.setAll(g, i -> g[i] + factor * a[i]);
          });
    }

    @Override
    public void addDifferenceToGradients(double factor, NamedTensors reference) {
      gradients.forEach(
          (name, g) -> {
            float[] w = of(values, name);
            float[] r = reference.get(name).values();
            Arrays.setAll(g, i -> g[i] + factor * ((double) w[i] - r[i]));
          });
    }

    @Override
    public void update(OptimizerRule rule, double learningRate, long step) {
      clearHeld();
      values.forEach(
          (name, w) -> {
            if (moves(name)) {
              update(rule, learningRate, step, name, w);
            }
          });
      clearGradients();
    }

    private void update(OptimizerRule rule, double rate, long step, String name, float[] w) {
      double[] g = of(gradients, name);
      if (rule instanceof OptimizerRule.Sgd sgd) {
        boolean first = !moments.containsKey(name + ".momentum");
        float[] m = moments.computeIfAbsent(name + ".momentum", n -> new float[w.length]);
        for (int i = 0; i < w.length; i++) {
          double decayed = g[i] + sgd.weightDecay() * w[i];
          m[i] = (float) (first ? decayed : sgd.momentum() * m[i] + decayed);
          w[i] -= (float) (rate * (sgd.nesterov() ? decayed + sgd.momentum() * m[i] : m[i]));
        }
      } else if (rule instanceof OptimizerRule.AdamW adam) {
        float[] m = moments.computeIfAbsent(name + ".m", n -> new float[w.length]);
        float[] v = moments.computeIfAbsent(name + ".v", n -> new float[w.length]);
        for (int i = 0; i < w.length; i++) {
          w[i] *= (float) (1 - rate * adam.weightDecay());
          m[i] = (float) (adam.beta1() * m[i] + (1 - adam.beta1()) * g[i]);
          v[i] = (float) (adam.beta2() * v[i] + (1 - adam.beta2()) * g[i] * g[i]);
          double mean = m[i] / (1 - Math.pow(adam.beta1(), (double) step));
          double spread = Math.sqrt(v[i] / (1 - Math.pow(adam.beta2(), (double) step)));
          w[i] -= (float) (rate * mean / (spread + adam.epsilon()));
        }
      } else {
        throw new UnsupportedOperationException("this model knows sgd and adamw, not " + rule);
      }
    }

    @Override
    public void clearGradients() {
      gradients.values().forEach(g -> Arrays.fill(g, 0));
    }

    @Override
    public NamedTensors state() {
      Map<String, Tensor> state = new LinkedHashMap<>();
      values.forEach((name, w) -> state.put(name, new Tensor(of(shapes, name), w.clone())));
      return new NamedTensors(state);
    }

    @Override
    public NamedTensors gradients() {
      Map<String, Tensor> copies = new LinkedHashMap<>();
      gradients.forEach(
          (name, g) -> {
            float[] narrow = new float[g.length];
            for (int i = 0; i < g.length; i++) {
              narrow[i] = (float) g[i];
            }
            copies.put(name, new Tensor(of(shapes, name), narrow));
          });
      return new NamedTensors(copies);
    }

    @Override
    public NamedTensors optimizerState() {
      Map<String, Tensor> state = new LinkedHashMap<>();
      moments.forEach(
          (name, m) -> state.put(name, new Tensor(List.of((long) m.length), m.clone())));
      return new NamedTensors(state);
    }

    @Override
    public void restoreOptimizerState(NamedTensors state) {
      state.byName().forEach((name, tensor) -> moments.put(name, tensor.values().clone()));
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
