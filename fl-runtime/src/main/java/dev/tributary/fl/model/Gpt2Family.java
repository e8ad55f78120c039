// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;

/** GPT-2, and what shares its config (DistilGPT-2, DialoGPT). */
public final class Gpt2Family implements ModelFamily {
  @Override
  public List<String> modelTypes() {
    return List.of("gpt2");
  }

  @Override
  public String script() {
    return "dev/tributary/fl/script/gpt2.py";
  }

  @Override
  public String prefix() {
    return "transformer.";
  }

  @Override
  public List<String> buffers() {
    return List.of("attn.bias", "attn.masked_bias"); // the causal mask
  }

  @Override
  public Gpt2Config read(ConfigJson json, List<Integer> endOfText) {
    // gelu_new is the approximation by tanh, and so are its other names
    String activation =
        json.only(
            "activation_function",
            "gelu_new",
            "gelu_new",
            "gelu_fast",
            "gelu_pytorch_tanh",
            "gelu");
    if (!json.flag("scale_attn_weights", true)) {
      throw json.fault("scale_attn_weights", "only scores over sqrt(head size) are computed");
    }
    if (json.flag("add_cross_attention", false)) {
      throw json.fault("add_cross_attention", "an encoder's states are not read; set it to false");
    }
    int hidden = json.count("n_embd", 768);
    int heads = json.count("n_head", 12);
    json.divides("n_embd", hidden, "n_head", heads);
    return new Gpt2Config(
        json.count("vocab_size", 50257),
        hidden,
        json.has("n_inner") ? json.count("n_inner") : 4 * hidden,
        json.count("n_layer", 12),
        heads,
        !activation.equals("gelu"),
        json.flag("scale_attn_by_inverse_layer_idx", false),
        json.positive("layer_norm_epsilon", 1e-5),
        json.flag("tie_word_embeddings", true),
        json.count("n_positions", 1024),
        endOfText);
  }
}
