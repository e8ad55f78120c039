// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model of the LLaMA family: RMS norm before attention and MLP, rotary positions, grouped-query
 * attention, a gated SiLU MLP, no biases.
 *
 * @param heads query heads
 * @param keyValueHeads heads of keys and values; divides {@code heads}
 * @param headSize width of a head; not always {@code hiddenSize / heads}
 * @param normEpsilon added to the mean square inside each RMS norm
 * @param ropeTheta base of the rotary frequencies
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
    boolean tiedHead,
    int maxPositions,
    double initializerRange,
    List<Integer> endOfText)
    implements ModelConfig {

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
      all.add(LinearLayer.of(block + "self_attn.q_proj", hiddenSize, queries));
      all.add(LinearLayer.of(block + "self_attn.k_proj", hiddenSize, keys));
      all.add(LinearLayer.of(block + "self_attn.v_proj", hiddenSize, keys));
      all.add(LinearLayer.of(block + "self_attn.o_proj", queries, hiddenSize));
      all.add(LinearLayer.of(block + "mlp.gate_proj", hiddenSize, intermediateSize));
      all.add(LinearLayer.of(block + "mlp.up_proj", hiddenSize, intermediateSize));
      all.add(LinearLayer.of(block + "mlp.down_proj", intermediateSize, hiddenSize));
    }
    return List.copyOf(all);
  }

  @Override
  public Map<String, List<Long>> parameters() {
    Map<String, List<Long>> all = new LinkedHashMap<>();
    List<Long> vector = List.of((long) hiddenSize);
    List<Long> embeddings = List.of((long) vocabularySize, (long) hiddenSize);
    all.put("model.embed_tokens.weight", embeddings);
    List<LinearLayer> linear = linearLayers();
    int perBlock = linear.size() / layers;
    for (int layer = 0; layer < layers; layer++) {
      for (LinearLayer l : linear.subList(layer * perBlock, (layer + 1) * perBlock)) {
        all.put(l.name() + ".weight", List.of((long) l.outputs(), (long) l.inputs()));
      }
      all.put("model.layers." + layer + ".input_layernorm.weight", vector);
      all.put("model.layers." + layer + ".post_attention_layernorm.weight", vector);
    }
    all.put("model.norm.weight", vector);
    if (!tiedHead) {
      all.put("lm_head.weight", embeddings);
    }
    return all;
  }
}
