// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;

/** BLOOM and BLOOMZ. */
public final class BloomFamily implements ModelFamily {
  /** BLOOM has no limit of its own; it was trained on texts of this length. */
  private static final int TRAINED_POSITIONS = 2048;

  @Override
  public List<String> modelTypes() {
    return List.of("bloom");
  }

  @Override
  public String script() {
    return "dev/tributary/fl/script/bloom.py";
  }

  @Override
  public String prefix() {
    return "transformer.";
  }

  @Override
  public BloomConfig read(ConfigJson json, List<Integer> endOfText) {
    // checkpoints of 2022 call the sizes otherwise
    String heads = json.has("num_attention_heads") ? "num_attention_heads" : "n_head";
    String hidden = json.has("n_embed") && !json.has("hidden_size") ? "n_embed" : "hidden_size";
    int width = json.count(hidden, 64);
    int headCount = json.count(heads, 8);
    json.divides(hidden, width, heads, headCount);
    return new BloomConfig(
        json.count("vocab_size", 250880),
        width,
        json.count("n_layer", json.count("num_hidden_layers", 2)),
        headCount,
        json.flag("apply_residual_connection_post_layernorm", false),
        json.positive("layer_norm_epsilon", 1e-5),
        json.flag("tie_word_embeddings", true),
        json.count("seq_length", TRAINED_POSITIONS),
        endOfText);
  }
}
