// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;
import java.util.Optional;

/**
 * LLaMA 1 to 3, Mistral without a sliding window, Qwen2, and what shares their config (SmolLM2
 * ...).
 */
public final class LlamaFamily implements ModelFamily {
  /** Where transformers 5 writes rope_theta and the keys of rope_scaling. */
  private static final String ROPE = "rope_parameters";

  @Override
  public List<String> modelTypes() {
    return List.of("llama", "mistral", "qwen2");
  }

  @Override
  public String script() {
    return "dev/tributary/fl/script/llama.py";
  }

  @Override
  public boolean hasLowRankBackward() {
    return true;
  }

  @Override
  public String prefix() {
    return "model.";
  }

  @Override
  public List<String> buffers() {
    return List.of("rotary_emb.inv_freq");
  }

  @Override
  public LlamaConfig read(ConfigJson json, List<Integer> endOfText) {
    boolean mistral = json.text("model_type").equals("mistral");
    boolean qwen = json.text("model_type").equals("qwen2");
    json.only("hidden_act", "silu", "silu");
    // Qwen2 names a window's length even where it uses none
    boolean window = qwen ? json.flag("use_sliding_window", false) : json.has("sliding_window");
    if (window) {
      throw json.fault(
          qwen ? "use_sliding_window" : "sliding_window",
          "attention over a window is not computed; if no text is longer than the window, set the"
              + " key to "
              + (qwen ? "false" : "null")
              + " and max_position_embeddings to the window's length");
    }
    if (json.has("quantization_config")) {
      throw json.fault(
          "quantization_config", "quantised weights are not read; take the float checkpoint");
    }
    int hidden = json.count("hidden_size");
    int heads = json.count("num_attention_heads");
    int keyValueHeads = json.count("num_key_value_heads", mistral ? 8 : heads);
    if (heads % keyValueHeads != 0) {
      throw json.fault("num_key_value_heads", "it must divide num_attention_heads (" + heads + ")");
    }
    if (!json.has("head_dim") && hidden % heads != 0) {
      throw json.fault(
          "hidden_size", "it must be a multiple of num_attention_heads, or head_dim be given");
    }
    int headSize = json.count("head_dim", hidden / heads);
    if (headSize % 2 != 0) {
      throw json.fault(
          json.has("head_dim") ? "head_dim" : "hidden_size", "rotary positions need even heads");
    }
    int vocabulary = json.count("vocab_size");
    return new LlamaConfig(
        json.text("model_type"),
        vocabulary,
        hidden,
        json.count("intermediate_size"),
        json.count("num_hidden_layers"),
        heads,
        keyValueHeads,
        headSize,
        json.positive("rms_norm_eps", 1e-6),
        ropeTheta(json),
        ropeScaling(json),
        biases(json),
        json.flag("tie_word_embeddings", false),
        json.count("max_position_embeddings", mistral ? 131072 : qwen ? 32768 : 2048),
        json.positive("initializer_range", 0.02),
        endOfText);
  }

  private static LlamaConfig.Biases biases(ConfigJson json) {
    if (json.text("model_type").equals("qwen2")) {
      return new LlamaConfig.Biases(true, false, false);
    }
    boolean attention = json.flag("attention_bias", false);
    return new LlamaConfig.Biases(attention, attention, json.flag("mlp_bias", false));
  }

  private static double ropeTheta(ConfigJson json) {
    double alone = json.positive("rope_theta", 10000);
    double theta = json.object(ROPE).map(rope -> rope.positive("rope_theta")).orElse(alone);
    if (json.has("rope_theta") && theta != alone) {
      throw json.fault("rope_theta", ROPE + " says " + theta + "; leave the wrong one out");
    }
    return theta;
  }

  private static RopeScaling ropeScaling(ConfigJson json) {
    Optional<RopeScaling> inParameters = json.object(ROPE).map(LlamaFamily::scaling);
    Optional<RopeScaling> alone = json.object("rope_scaling").map(LlamaFamily::scaling);
    if (alone.isPresent() && !inParameters.orElse(alone.get()).equals(alone.get())) {
      throw json.fault("rope_scaling", ROPE + " says otherwise; leave the wrong one out");
    }
    return inParameters.or(() -> alone).orElse(new RopeScaling.None());
  }

  private static RopeScaling scaling(ConfigJson rope) {
    // "type" is the key of files from before transformers 4.43.
    String type = rope.text("rope_type", rope.text("type", "default"));
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(rope.positive("factor"));
      case "llama3" ->
          new RopeScaling.Llama3(
              rope.positive("factor"),
              rope.positive("low_freq_factor"),
              rope.positive("high_freq_factor"),
              rope.count("original_max_position_embeddings"));
      default ->
          throw rope.fault(
              rope.has("rope_type") ? "rope_type" : "type",
              "computed are default, linear and llama3; with default (and"
                  + " max_position_embeddings set to the length of pre-training) short texts work");
    };
  }
}
