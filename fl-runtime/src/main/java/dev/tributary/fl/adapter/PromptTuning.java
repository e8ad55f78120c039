// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.adapter.Placement.Place;
import dev.tributary.fl.adapter.Placement.Placed;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Fault;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.Tokenizer;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Embeddings of virtual tokens in front of every text, which are trained themselves.
 *
 * <p>Lester et al. 2021, <a href="https://arxiv.org/abs/2104.08691">prompt tuning</a>, section 2.
 * They start from N(0, 1), as in PEFT (the paper draws from the vocabulary), or from a text's.
 */
public record PromptTuning(Config config) implements AdapterMethod {
  /** As PEFT calls it in a model's state. */
  static final String EMBEDDINGS = "prompt_encoder.embedding.weight";

  /**
   * @param virtualTokens how many, at least 1
   * @param initText start from the embeddings of this text, cut or repeated to fit; at random where
   *     it is left out
   */
  public record Config(@Default("20") int virtualTokens, Optional<String> initText)
      implements Serializable {
    public Config {
      new Faults()
          .check(virtualTokens >= 1, "virtual-tokens", virtualTokens, "give 1 or more, e.g. 20")
          .check(
              initText.isEmpty() || !initText.get().isBlank(),
              "init-text",
              initText.orElse(null),
              "give a text, or leave it out to start at random")
          .throwIfAny();
    }

    private Object writeReplace() {
      return dev.tributary.fl.config.Portable.of(this);
    }
  }

  /** Chosen by {@code method: prompt}. */
  public static final class Provider implements AdapterMethod.Provider<Config> {
    @Override
    public String name() {
      return "prompt";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public AdapterMethod create(Config config) {
      return new PromptTuning(config);
    }

    @Override
    public Optional<PeftFormat> format() {
      return Optional.of(new VirtualTokensFormat.OfPrompt());
    }
  }

  @Override
  public void check(ModelConfig model) {
    checkLength(model, config.virtualTokens());
  }

  /** Refuses more virtual tokens than the model has positions. */
  static void checkLength(ModelConfig model, int virtualTokens) {
    if (virtualTokens >= model.maxPositions()) {
      throw new ConfigException(
          List.of(
              new Fault(
                  "virtual-tokens",
                  virtualTokens,
                  "the model has "
                      + model.maxPositions()
                      + " positions, and texts need some of them")));
    }
  }

  /** The place of embeddings that are trained, or made by an encoder. */
  static Placed embeddings(ModelConfig model, int virtualTokens) {
    return new Placed(
        EMBEDDINGS,
        List.of((long) virtualTokens, (long) model.embeddingSize()),
        Place.VIRTUAL_EMBEDDINGS,
        "");
  }

  @Override
  public Placement placement(ModelConfig model) {
    return Placement.ofVirtual(embeddings(model, config.virtualTokens()), Optional.empty());
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    check(base.config());
    Placed placed = embeddings(base.config(), config.virtualTokens());
    return new NamedTensors(
        Map.of(
            EMBEDDINGS,
            config
                .initText()
                .map(text -> ofText(base, text, placed.shape()))
                .orElseGet(() -> InitialValues.normal(placed.shape(), seed.child(EMBEDDINGS)))));
  }

  /** As PEFT: special tokens that the tokenizer adds count too. */
  private static NamedTensors.Tensor ofText(Checkpoint base, String text, List<Long> shape) {
    int[] tokens;
    try (Tokenizer tokenizer = Tokenizer.open(base.directory())) {
      tokens = tokenizer.encode(text);
    }
    if (tokens.length == 0) {
      throw new ConfigException(
          List.of(new Fault("init-text", text, "the tokenizer makes no token of it")));
    }
    float[] table = base.parameter(base.config().scriptInputs().top().get(0)).values();
    int width = base.config().embeddingSize();
    float[] values = new float[Math.toIntExact(shape.get(0) * width)];
    for (int row = 0; row < shape.get(0); row++) {
      System.arraycopy(table, tokens[row % tokens.length] * width, values, row * width, width);
    }
    return new NamedTensors.Tensor(shape, values);
  }
}
