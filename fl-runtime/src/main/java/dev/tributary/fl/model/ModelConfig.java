// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;
import java.util.Map;

/** The shape of a checkpoint, as its {@code config.json} gives it; one record per model family. */
public interface ModelConfig {
  /** {@code model_type} of config.json, e.g. {@code llama}. */
  String modelType();

  int vocabularySize();

  int hiddenSize();

  int layers();

  /** Longest sequence in tokens. */
  int maxPositions();

  /** Tokens that end a generated text; may be empty. */
  List<Integer> endOfText();

  /**
   * Every parameter by its name in transformers, with its shape, in the order of the model; a tied
   * head is not one.
   */
  Map<String, List<Long>> parameters();

  /** The linear layers that an adapter may change, in the order of the model. */
  List<LinearLayer> linearLayers();

  /**
   * A linear layer of a block.
   *
   * @param name its module's name in transformers, e.g. {@code model.layers.0.self_attn.q_proj}
   * @param kind the last part of the name, e.g. {@code q_proj}: what {@code target-modules} lists
   * @param inputs features that come in
   * @param outputs features that go out; the stored weight is (outputs, inputs)
   */
  record LinearLayer(String name, String kind, int inputs, int outputs) {
    public static LinearLayer of(String name, int inputs, int outputs) {
      return new LinearLayer(name, name.substring(name.lastIndexOf('.') + 1), inputs, outputs);
    }
  }
}
