// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A BLOOM model: attention with linear biases in place of positions, a norm behind the embedding,
 * queries, keys and values of each head side by side in one matrix.
 *
 * @param normedResidual whether residuals go around attention and MLP from behind their norms
 */
public record BloomConfig(
    int vocabularySize,
    int hiddenSize,
    int layers,
    int heads,
    boolean normedResidual,
    double normEpsilon,
    boolean tiedHead,
    int maxPositions,
    List<Integer> endOfText)
    implements ModelConfig {
  private static final String TRANSFORMER = "transformer.";

  public BloomConfig {
    endOfText = List.copyOf(endOfText);
  }

  @Override
  public String modelType() {
    return "bloom";
  }

  @Override
  public int attentionInputs() {
    return 1;
  }

  /**
   * How fast each head's attention falls with distance: Press et al. 2022, section 3, and for a
   * number of heads that is no power of two what their code adds, every second slope of twice as
   * many heads. float32, as transformers computes them.
   */
  List<Double> slopes() {
    int power = Integer.highestOneBit(heads);
    List<Double> slopes = new ArrayList<>();
    float base = (float) Math.pow(2, -8.0 / power);
    for (int i = 1; i <= power; i++) {
      slopes.add((double) (float) Math.pow(base, i));
    }
    float halfBase = (float) Math.pow(2, -4.0 / power);
    for (int i = 0; i < heads - power; i++) {
      slopes.add((double) (float) Math.pow(halfBase, 2 * i + 1));
    }
    return slopes;
  }

  @Override
  public List<LinearLayer> linearLayers() {
    List<LinearLayer> all = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      String block = TRANSFORMER + "h." + layer + ".";
      String attention = block + "self_attention.";
      all.add(new LinearLayer(attention + "query_key_value", hiddenSize, 3 * hiddenSize));
      all.add(new LinearLayer(attention + "dense", hiddenSize, hiddenSize));
      all.add(new LinearLayer(block + "mlp.dense_h_to_4h", hiddenSize, 4 * hiddenSize));
      all.add(new LinearLayer(block + "mlp.dense_4h_to_h", 4 * hiddenSize, hiddenSize));
    }
    return List.copyOf(all);
  }

  @Override
  public Map<String, List<Long>> parameters() {
    Parameters all = new Parameters();
    all.matrix(TRANSFORMER + "word_embeddings.weight", vocabularySize, hiddenSize);
    all.norm(TRANSFORMER + "word_embeddings_layernorm", hiddenSize);
    List<LinearLayer> linear = linearLayers();
    int ofBlock = linear.size() / layers;
    for (int layer = 0; layer < layers; layer++) {
      all.norm(TRANSFORMER + "h." + layer + ".input_layernorm", hiddenSize);
      linear.subList(layer * ofBlock, (layer + 1) * ofBlock).forEach(all::linearWithBias);
      all.norm(TRANSFORMER + "h." + layer + ".post_attention_layernorm", hiddenSize);
    }
    all.norm(TRANSFORMER + "ln_f", hiddenSize);
    if (!tiedHead) {
      all.matrix("lm_head.weight", vocabularySize, hiddenSize);
    }
    return all.byName();
  }

  @Override
  public ScriptInputs scriptInputs() {
    String embedding = TRANSFORMER + "word_embeddings.weight";
    return new ScriptInputs(
        List.of(
            embedding,
            TRANSFORMER + "ln_f.weight",
            tiedHead ? embedding : "lm_head.weight",
            TRANSFORMER + "ln_f.bias",
            TRANSFORMER + "word_embeddings_layernorm.weight",
            TRANSFORMER + "word_embeddings_layernorm.bias"),
        TRANSFORMER + "h.%d.",
        List.of(
            "input_layernorm.weight",
            "input_layernorm.bias",
            "post_attention_layernorm.weight",
            "post_attention_layernorm.bias"),
        normEpsilon,
        slopes(),
        Map.of(
            "alibi", ScriptInputs.flag(true), "normedResidual", ScriptInputs.flag(normedResidual)));
  }
}
