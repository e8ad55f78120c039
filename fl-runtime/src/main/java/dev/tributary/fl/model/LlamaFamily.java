// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;
import java.util.Optional;

/** Llama 2 and 3, Mistral without a sliding window, and what shares their config (SmolLM2 ...). */
public final class LlamaFamily implements ModelFamily {
  @Override
  public List<String> modelTypes() {
    return List.of("llama", "mistral");
  }

  @Override
  public String script() {
    return "dev/tributary/fl/script/llama.py";
  }

  @Override
  public String prefix() {
    return "model.";
  }

  @Override
  public LlamaConfig read(ConfigJson json, List<Integer> endOfText) {
    boolean mistral = json.text("model_type").equals("mistral");
    for (String bias : List.of("attention_bias", "mlp_bias")) {
      if (json.flag(bias, false)) {
        throw json.fault(bias, "biases are not computed; take a checkpoint without them");
      }
    }
    if (!json.text("hidden_act", "silu").equals("silu")) {
      throw json.fault("hidden_act", "only silu is computed");
    }
    if (json.has("sliding_window")) {
      throw json.fault(
          "sliding_window",
          "attention over a window is not computed; if no text is longer than the window, set the"
              + " key to null and max_position_embeddings to the window's length");
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
        json.positive("rope_theta", 10000),
        ropeScaling(json),
        json.flag("tie_word_embeddings", false),
        json.count("max_position_embeddings", mistral ? 131072 : 2048),
        json.positive("initializer_range", 0.02),
        endOfText);
  }

  private static RopeScaling ropeScaling(ConfigJson json) {
    Optional<ConfigJson> given = json.object("rope_scaling");
    if (given.isEmpty()) {
      return new RopeScaling.None();
    }
    ConfigJson scaling = given.get();
    // "type" is the key of files from before transformers 4.43.
    String type = scaling.text("rope_type", scaling.text("type", "default"));
    return switch (type) {
      case "default" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(scaling.positive("factor"));
      case "llama3" ->
          new RopeScaling.Llama3(
              scaling.positive("factor"),
              scaling.positive("low_freq_factor"),
              scaling.positive("high_freq_factor"),
              scaling.count("original_max_position_embeddings"));
      default ->
          throw scaling.fault(
              scaling.has("rope_type") ? "rope_type" : "type",
              "computed are default, linear and llama3; without rope_scaling (set it to null, and"
                  + " max_position_embeddings to the length of pre-training) short texts work");
    };
  }
}
