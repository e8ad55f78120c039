// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.adapter.Placement.Encoder;
import dev.tributary.fl.adapter.Placement.Place;
import dev.tributary.fl.adapter.Placement.Placed;
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
 * Keys and values of virtual tokens in every block, in front of every text's.
 *
 * <p>Li and Liang 2021, <a href="https://arxiv.org/abs/2101.00190">prefix-tuning</a>, sections 4.2
 * and 4.3: trained themselves, or through a two-layer network with tanh from smaller ones.
 */
public record PrefixTuning(Config config) implements AdapterMethod {
  /**
   * @param virtualTokens how many, at least 1
   * @param projection whether a network makes the keys and values from smaller embeddings
   * @param encoderHiddenSize width inside it; that of all key heads together where it is left out
   */
  public record Config(
      @Default("20") int virtualTokens,
      @Default("false") boolean projection,
      Optional<Integer> encoderHiddenSize)
      implements Serializable {
    public Config {
      new Faults()
          .check(virtualTokens >= 1, "virtual-tokens", virtualTokens, "give 1 or more, e.g. 20")
          .check(
              encoderHiddenSize.isEmpty() || encoderHiddenSize.get() >= 1,
              "encoder-hidden-size",
              encoderHiddenSize.orElse(null),
              "give 1 or more, or leave it out for that of the keys")
          .throwIfAny();
    }

    private Object writeReplace() {
      return Portable.of(this);
    }
  }

  /** Chosen by {@code method: prefix}. */
  public static final class Provider implements AdapterMethod.Provider<Config> {
    @Override
    public String name() {
      return "prefix";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public AdapterMethod create(Config config) {
      return new PrefixTuning(config);
    }

    @Override
    public Optional<PeftFormat> format() {
      return Optional.of(new VirtualTokensFormat.OfPrefix());
    }
  }

  @Override
  public void check(ModelConfig model) {
    PromptTuning.checkLength(model, config.virtualTokens());
  }

  @Override
  public AdapterMethod saved() {
    return new PrefixTuning(new Config(config.virtualTokens(), false, Optional.empty()));
  }

  /** Width of a block's keys: PEFT's token_dim. */
  static long keyWidth(ModelConfig model) {
    return (long) model.keyValueHeads() * model.headSize();
  }

  private Placed keysAndValues(ModelConfig model) {
    return new Placed(
        PromptTuning.EMBEDDINGS,
        List.of((long) config.virtualTokens(), 2L * model.layers() * keyWidth(model)),
        Place.VIRTUAL_KEYS_AND_VALUES,
        "");
  }

  @Override
  public Placement placement(ModelConfig model) {
    return Placement.ofVirtual(
        keysAndValues(model),
        config.projection()
            ? Optional.of(
                new Encoder(
                    "dev/tributary/fl/script/projection_encoder.py",
                    encoder(model),
                    keysAndValues(model)))
            : Optional.empty());
  }

  private Map<String, List<Long>> encoder(ModelConfig model) {
    long width = keyWidth(model);
    long hidden = config.encoderHiddenSize().map(Integer::longValue).orElse(width);
    Map<String, List<Long>> all = new LinkedHashMap<>();
    all.put(PromptTuning.EMBEDDINGS, List.of((long) config.virtualTokens(), width));
    PTuning.linear(all, "prompt_encoder.transform.0", hidden, width);
    PTuning.linear(all, "prompt_encoder.transform.2", 2L * model.layers() * width, hidden);
    return all;
  }

  @Override
  public NamedTensors initial(Checkpoint base, Seed seed) {
    check(base.config());
    return PTuning.initialEncoder(placement(base.config()).shapes(), seed);
  }
}
