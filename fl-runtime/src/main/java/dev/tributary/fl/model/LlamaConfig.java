// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A model of the LLaMA family: RMS norm before attention and MLP, rotary positions, grouped-query
 * attention, a gated SiLU MLP.
 *
 * @param heads query heads
 * @param keyValueHeads heads of keys and values; divides {@code heads}
 * @param headSize width of a head; not always {@code hiddenSize / heads}
 * @param normEpsilon added to the mean square inside each RMS norm
 * @param ropeTheta base of the rotary frequencies
 * @param biases which linear layers have one
 * @param tiedHead whether the token embeddings are the output head too
 * @param initializerRange standard deviation of freshly drawn weights
 */
public record LlamaConfig(
    String modelType,
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int keyValueHeads,
    int headSize,
    double normEpsilon,
    double ropeTheta,
    RopeScaling ropeScaling,
    Biases biases,
    boolean tiedHead,
    int maxPositions,
    double initializerRange,
    List<Integer> endOfText)
    implements ModelConfig {

  /**
   * @param input of queries, keys and values
   * @param output of attention's output
   * @param mlp of gate, up and down
   */
  public record Biases(boolean input, boolean output, boolean mlp) {
    boolean at(LinearLayer layer) {
      return switch (layer.kind()) {
        case "q_proj", "k_proj", "v_proj" -> input;
        case "o_proj" -> output;
        default -> mlp;
      };
    }
  }

  public LlamaConfig {
    endOfText = List.copyOf(endOfText);
  }

  /** Angle per position of each pair of a head's features, headSize / 2 of them, in radians. */
  public double[] rotaryFrequencies() {
    double[] frequencies = new double[headSize / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = ropeScaling.scaled(1 / Math.pow(ropeTheta, 2.0 * i / headSize));
    }
    return frequencies;
  }

  @Override
  public List<LinearLayer> linearLayers() {
    List<LinearLayer> all = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      String block = "model.layers." + layer + ".";
      int queries = heads * headSize;
      int keys = keyValueHeads * headSize;
      all.add(new LinearLayer(block + "self_attn.q_proj", hiddenSize, queries));
      all.add(new LinearLayer(block + "self_attn.k_proj", hiddenSize, keys));
      all.add(new LinearLayer(block + "self_attn.v_proj", hiddenSize, keys));
      all.add(new LinearLayer(block + "self_attn.o_proj", queries, hiddenSize));
      all.add(new LinearLayer(block + "mlp.gate_proj", hiddenSize, intermediateSize));
      all.add(new LinearLayer(block + "mlp.up_proj", hiddenSize, intermediateSize));
      all.add(new LinearLayer(block + "mlp.down_proj", intermediateSize, hiddenSize));
    }
    return List.copyOf(all);
  }

  @Override
  public int attentionInputs() {
    return 3;
  }

  @Override
  public Map<String, List<Long>> parameters() {
    Parameters all = new Parameters();
    all.matrix("model.embed_tokens.weight", vocabularySize, hiddenSize);
    List<LinearLayer> linear = linearLayers();
    int perBlock = linear.size() / layers;
    for (int layer = 0; layer < layers; layer++) {
      for (LinearLayer l : linear.subList(layer * perBlock, (layer + 1) * perBlock)) {
        if (biases.at(l)) {
          all.linearWithBias(l);
        } else {
          all.linear(l);
        }
      }
      all.vector("model.layers." + layer + ".input_layernorm.weight", hiddenSize);
      all.vector("model.layers." + layer + ".post_attention_layernorm.weight", hiddenSize);
    }
    all.vector("model.norm.weight", hiddenSize);
    if (!tiedHead) {
      all.matrix("lm_head.weight", vocabularySize, hiddenSize);
    }
    return all.byName();
  }

  @Override
  public ScriptInputs scriptInputs() {
    String embedding = "model.embed_tokens.weight";
    return new ScriptInputs(
        List.of(embedding, "model.norm.weight", tiedHead ? embedding : "lm_head.weight"),
        "model.layers.%d.",
        List.of("input_layernorm.weight", "post_attention_layernorm.weight"),
        normEpsilon,
        Arrays.stream(rotaryFrequencies()).boxed().toList(),
        Map.of(
            "intermediate",
            Integer.toString(intermediateSize),
            "half",
            Integer.toString(headSize / 2)));
  }
}
