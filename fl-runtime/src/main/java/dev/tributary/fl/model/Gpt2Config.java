// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A GPT-2 model: learned positions, layer norm in front, one matrix for queries, keys and values,
 * weights stored as (inputs, outputs).
 *
 * @param tanhGelu whether GELU is approximated by tanh
 * @param scaleByLayer whether scores of block i, counted from 0, are divided by i + 1 too
 */
public record Gpt2Config(
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    boolean tanhGelu,
    boolean scaleByLayer,
    double normEpsilon,
    boolean tiedHead,
    int maxPositions,
    List<Integer> endOfText)
    implements ModelConfig {
  private static final String TRANSFORMER = "transformer.";

  public Gpt2Config {
    endOfText = List.copyOf(endOfText);
  }

  @Override
  public String modelType() {
    return "gpt2";
  }

  @Override
  public boolean hasPositionTable() {
    return true;
  }

  @Override
  public int attentionInputs() {
    return 1;
  }

  @Override
  public List<LinearLayer> linearLayers() {
    List<LinearLayer> all = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      String block = TRANSFORMER + "h." + layer + ".";
      all.add(new LinearLayer(block + "attn.c_attn", hiddenSize, 3 * hiddenSize, true));
      all.add(new LinearLayer(block + "attn.c_proj", hiddenSize, hiddenSize, true));
      all.add(new LinearLayer(block + "mlp.c_fc", hiddenSize, intermediateSize, true));
      all.add(new LinearLayer(block + "mlp.c_proj", intermediateSize, hiddenSize, true));
    }
    return List.copyOf(all);
  }

  @Override
  public Map<String, List<Long>> parameters() {
    Parameters all = new Parameters();
    all.matrix(TRANSFORMER + "wte.weight", vocabularySize, hiddenSize);
    all.matrix(TRANSFORMER + "wpe.weight", maxPositions, hiddenSize);
    List<LinearLayer> linear = linearLayers();
    int ofBlock = linear.size() / layers;
    for (int layer = 0; layer < layers; layer++) {
      all.norm(TRANSFORMER + "h." + layer + ".ln_1", hiddenSize);
      linear.subList(layer * ofBlock, (layer + 1) * ofBlock).forEach(all::linearWithBias);
      all.norm(TRANSFORMER + "h." + layer + ".ln_2", hiddenSize);
    }
    all.norm(TRANSFORMER + "ln_f", hiddenSize);
    if (!tiedHead) {
      all.matrix("lm_head.weight", vocabularySize, hiddenSize);
    }
    return all.byName();
  }

  @Override
  public ScriptInputs scriptInputs() {
    String embedding = TRANSFORMER + "wte.weight";
    return new ScriptInputs(
        List.of(
            embedding,
            TRANSFORMER + "ln_f.weight",
            tiedHead ? embedding : "lm_head.weight",
            TRANSFORMER + "ln_f.bias",
            TRANSFORMER + "wpe.weight"),
        TRANSFORMER + "h.%d.",
        List.of("ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"),
        normEpsilon,
        List.of(),
        Map.of(
            "inputsFirst",
            ScriptInputs.flag(true),
            "scaleByLayer",
            ScriptInputs.flag(scaleByLayer),
            "gelu",
            tanhGelu ? "tanh" : "none"));
  }
}
