// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.adapter.Placement.Encoder;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Embeddings of virtual tokens in front of every text, made by a small network that is trained.
 *
 * <p>Liu et al. 2021, <a href="https://arxiv.org/abs/2103.10385">GPT understands, too</a>, section
 * 3.2, with PEFT's encoders: two hidden layers with ReLU, or a bidirectional LSTM with one. Virtual
 * tokens stand in front only, as in PEFT (the paper puts some between the words).
 */
public record PTuning(Config config) implements AdapterMethod {
  /** Which network. */
  public enum EncoderKind {
    MLP,
    LSTM
  }

  /**
   * @param virtualTokens how many, at least 1
   * @param encoder which network makes their embeddings
   * @param encoderHiddenSize width inside it; that of the embeddings where it is left out
   * @param encoderLayers of the LSTM, at least 1; the MLP always has two
   */
  public record Config(
      @Default("20") int virtualTokens,
      @Default("mlp") EncoderKind encoder,
      Optional<Integer> encoderHiddenSize,
      @Default("2") int encoderLayers)
      implements Serializable {
    public Config {
      new Faults()
          .check(virtualTokens >= 1, "virtual-tokens", virtualTokens, "give 1 or more, e.g. 20")
          .check(
              encoderHiddenSize.isEmpty() || encoderHiddenSize.get() >= 1,
              "encoder-hidden-size",
              encoderHiddenSize.orElse(null),
              "give 1 or more, or leave it out for the embeddings' own")
          .check(encoderLayers >= 1, "encoder-layers", encoderLayers, "give 1 or more, e.g. 2")
          .throwIfAny();
    }

    private Object writeReplace() {
      return Portable.of(this);
    }
  }

  /** Chosen by {@code method: p-tuning}. */
  public static final class Provider implements AdapterMethod.Provider<Config> {
    @Override
    public String name() {
      return "p-tuning";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public AdapterMethod create(Config config) {
      return new PTuning(config);
    }

    @Override
    public Optional<PeftFormat> format() {
      return Optional.of(new VirtualTokensFormat.OfPTuning());
    }
  }

  @Override
  public void check(ModelConfig model) {
    PromptTuning.checkLength(model, config.virtualTokens());
  }

  @Override
  public AdapterMethod saved() {
    return new PromptTuning(new PromptTuning.Config(config.virtualTokens(), Optional.empty()));
  }

  @Override
  public Placement placement(ModelConfig model) {
    boolean lstm = config.encoder() == EncoderKind.LSTM;
    return Placement.ofVirtual(
        PromptTuning.embeddings(model, config.virtualTokens()),
        Optional.of(
            new Encoder(
                "dev/tributary/fl/script/" + (lstm ? "lstm_encoder.py" : "mlp_encoder.py"),
                shapes(model),
                PromptTuning.embeddings(model, config.virtualTokens()))));
  }

  /** Names and order of PEFT's module, which are torch's. */
  private Map<String, List<Long>> shapes(ModelConfig model) {
    long width = model.embeddingSize();
    long hidden = config.encoderHiddenSize().orElse(model.embeddingSize());
    Map<String, List<Long>> all = new LinkedHashMap<>();
    all.put(PromptTuning.EMBEDDINGS, List.of((long) config.virtualTokens(), width));
    if (config.encoder() == EncoderKind.MLP) {
      linear(all, "prompt_encoder.mlp_head.0", hidden, width);
      linear(all, "prompt_encoder.mlp_head.2", hidden, hidden);
      linear(all, "prompt_encoder.mlp_head.4", width, hidden);
      return all;
    }
    for (int layer = 0; layer < config.encoderLayers(); layer++) {
      for (String direction : List.of("", "_reverse")) {
        String end = "_l" + layer + direction;
        String lstm = "prompt_encoder.lstm_head.";
        // the four gates, one below the other
        all.put(lstm + "weight_ih" + end, List.of(4 * hidden, layer == 0 ? width : 2 * hidden));
        all.put(lstm + "weight_hh" + end, List.of(4 * hidden, hidden));
        all.put(lstm + "bias_ih" + end, List.of(4 * hidden));
        all.put(lstm + "bias_hh" + end, List.of(4 * hidden));
      }
    }
    linear(all, "prompt_encoder.mlp_head.0", 2 * hidden, 2 * hidden);
    linear(all, "prompt_encoder.mlp_head.2", width, 2 * hidden);
    return all;
  }

  static void linear(Map<String, List<Long>> all, String name, long outputs, long inputs) {
    all.put(name + ".weight", List.of(outputs, inputs));
    all.put(name + ".bias", List.of(outputs));
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    check(base.config());
    return initialEncoder(shapes(base.config()), seed);
  }

  /**
   * As torch starts embeddings (N(0, 1)), linear layers (uniform within 1 / sqrt(inputs)) and LSTMs
   * (within 1 / sqrt(hidden size)).
   */
  static NamedTensors initialEncoder(Map<String, List<Long>> shapes, Seed seed) {
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    shapes.forEach(
        (name, shape) -> {
          Seed own = seed.child(name);
          if (name.equals(PromptTuning.EMBEDDINGS)) {
            tensors.put(name, InitialValues.normal(shape, own));
          } else if (name.contains("lstm_head")) {
            double hidden = shape.get(0) / 4.0;
            tensors.put(name, InitialValues.uniform(shape, 1 / Math.sqrt(hidden), own));
          } else {
            String weight = name.substring(0, name.lastIndexOf('.')) + ".weight";
            List<Long> matrix = shapes.getOrDefault(weight, shape);
            tensors.put(name, InitialValues.uniform(shape, 1 / Math.sqrt(matrix.get(1)), own));
          }
        });
    return new NamedTensors(tensors);
  }
}
