// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An OPT model: learned positions, layer norm, ReLU, biases everywhere.
 *
 * @param embeddingSize width of token embeddings; where it is not {@code hiddenSize}, matrices lead
 *     into the blocks and out of them
 * @param normFirst whether norms stand before attention and MLP, and not after the residual sum
 * @param lastNorm whether a norm follows the last block
 */
public record OptConfig(
    int vocabularySize,
    int embeddingSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    boolean normFirst,
    boolean lastNorm,
    boolean tiedHead,
    int maxPositions,
    List<Integer> endOfText)
    implements ModelConfig {
  private static final String DECODER = "model.decoder.";

  /** Rows of the position table in front of that of the first token; the model never reads them. */
  private static final int PADDING_ROWS = 2;

  public OptConfig {
    endOfText = List.copyOf(endOfText);
  }

  @Override
  public String modelType() {
    return "opt";
  }

  @Override
  public boolean hasPositionTable() {
    return true;
  }

  @Override
  public int attentionInputs() {
    return 3;
  }

  private boolean projects() {
    return embeddingSize != hiddenSize;
  }

  @Override
  public List<LinearLayer> linearLayers() {
    List<LinearLayer> all = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      String block = DECODER + "layers." + layer + ".";
      for (String projection : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
        all.add(new LinearLayer(block + "self_attn." + projection, hiddenSize, hiddenSize));
      }
      all.add(new LinearLayer(block + "fc1", hiddenSize, intermediateSize));
      all.add(new LinearLayer(block + "fc2", intermediateSize, hiddenSize));
    }
    return List.copyOf(all);
  }

  @Override
  public Map<String, List<Long>> parameters() {
    Parameters all = new Parameters();
    all.matrix(DECODER + "embed_tokens.weight", vocabularySize, embeddingSize);
    all.matrix(DECODER + "embed_positions.weight", maxPositions + PADDING_ROWS, hiddenSize);
    if (projects()) {
      all.matrix(DECODER + "project_out.weight", embeddingSize, hiddenSize);
      all.matrix(DECODER + "project_in.weight", hiddenSize, embeddingSize);
    }
    if (lastNorm) {
      all.norm(DECODER + "final_layer_norm", hiddenSize);
    }
    List<LinearLayer> linear = linearLayers();
    int ofBlock = linear.size() / layers;
    for (int layer = 0; layer < layers; layer++) {
      linear.subList(layer * ofBlock, (layer + 1) * ofBlock).forEach(all::linearWithBias);
      all.norm(DECODER + "layers." + layer + ".self_attn_layer_norm", hiddenSize);
      all.norm(DECODER + "layers." + layer + ".final_layer_norm", hiddenSize);
    }
    if (!tiedHead) {
      all.matrix("lm_head.weight", vocabularySize, embeddingSize);
    }
    return all.byName();
  }

  @Override
  public ScriptInputs scriptInputs() {
    String embedding = DECODER + "embed_tokens.weight";
    return new ScriptInputs(
        List.of(
            embedding,
            lastNorm ? DECODER + "final_layer_norm.weight" : "",
            tiedHead ? embedding : "lm_head.weight",
            lastNorm ? DECODER + "final_layer_norm.bias" : "",
            DECODER + "embed_positions.weight",
            projects() ? DECODER + "project_in.weight" : "",
            projects() ? DECODER + "project_out.weight" : ""),
        DECODER + "layers.%d.",
        List.of(
            "self_attn_layer_norm.weight",
            "self_attn_layer_norm.bias",
            "final_layer_norm.weight",
            "final_layer_norm.bias"),
        1e-5, // torch's default; OPT's config has no key for it
        List.of(),
        Map.of("normFirst", ScriptInputs.flag(normFirst)));
  }
}
