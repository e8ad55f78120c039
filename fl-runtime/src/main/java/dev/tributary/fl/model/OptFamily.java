// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;

/** OPT, with norms before or after, and with embeddings narrower than the blocks. */
public final class OptFamily implements ModelFamily {
  @Override
  public List<String> modelTypes() {
    return List.of("opt");
  }

  @Override
  public String script() {
    return "dev/tributary/fl/script/opt.py";
  }

  @Override
  public String prefix() {
    return "model.";
  }

  @Override
  public OptConfig read(ConfigJson json, List<Integer> endOfText) {
    json.only("activation_function", "relu", "relu");
    for (String always : List.of("enable_bias", "layer_norm_elementwise_affine")) {
      if (!json.flag(always, true)) {
        throw json.fault(always, "only true is computed; take a checkpoint with them");
      }
    }
    boolean normFirst = json.flag("do_layer_norm_before", true);
    int hidden = json.count("hidden_size", 768);
    int heads = json.count("num_attention_heads", 12);
    json.divides("hidden_size", hidden, "num_attention_heads", heads);
    return new OptConfig(
        json.count("vocab_size", 50272),
        json.count("word_embed_proj_dim", hidden),
        hidden,
        json.count("ffn_dim", 3072),
        json.count("num_hidden_layers", 12),
        heads,
        normFirst,
        normFirst && !json.flag("_remove_final_layer_norm", false),
        json.flag("tie_word_embeddings", true),
        json.count("max_position_embeddings", 2048),
        endOfText);
  }
}
