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

  /** Width of a token's embedding, and of a virtual one; not always that of the blocks. */
  default int embeddingSize() {
    return hiddenSize();
  }

  int layers();

  /** Query heads. */
  int heads();

  /** Heads of keys and values; divides {@link #heads}. */
  default int keyValueHeads() {
    return heads();
  }

  /** Width of a head; not always {@code hiddenSize / heads}. */
  default int headSize() {
    return hiddenSize() / heads();
  }

  /** Longest sequence in tokens, virtual ones included. */
  int maxPositions();

  /** Whether there is a table of positions, so that no text can be longer. */
  default boolean hasPositionTable() {
    return false;
  }

  /** Tokens that end a generated text; may be empty. */
  List<Integer> endOfText();

  /** Whether the token embeddings are the output head too. */
  boolean tiedHead();

  /**
   * Every parameter by its name in transformers, with its shape, in the order of the model; a tied
   * head is not one.
   */
  Map<String, List<Long>> parameters();

  /** The linear layers that an adapter may change, in the order of the model: block by block. */
  List<LinearLayer> linearLayers();

  /** How many of a block's linear layers stand before its attention; they come first. */
  int attentionInputs();

  /** What the family's source is completed with. */
  ScriptInputs scriptInputs();

  /** Linear layers of one block. */
  default int linearLayersOfBlock() {
    return linearLayers().size() / layers();
  }

  /**
   * A linear layer of a block.
   *
   * @param name its module's name in transformers, e.g. {@code model.layers.0.self_attn.q_proj}
   * @param inputs features that come in
   * @param outputs features that go out
   * @param inputsFirst whether the stored weight is (inputs, outputs), as GPT-2's Conv1D has it,
   *     and not (outputs, inputs)
   */
  record LinearLayer(String name, int inputs, int outputs, boolean inputsFirst) {
    public LinearLayer(String name, int inputs, int outputs) {
      this(name, inputs, outputs, false);
    }

    /** The last part of the name, e.g. {@code q_proj}: what {@code target-modules} lists. */
    public String kind() {
      return name.substring(name.lastIndexOf('.') + 1);
    }

    /**
     * Whether a name of {@code target-modules} means this layer, as PEFT matches it: the whole
     * name, or the end of it after a dot.
     */
    public boolean isMeantBy(String target) {
      return name.equals(target) || name.endsWith("." + target);
    }

    public String weight() {
      return name + ".weight";
    }

    public String bias() {
      return name + ".bias";
    }

    /** Of the stored weight. */
    public List<Long> weightShape() {
      return inputsFirst
          ? List.of((long) inputs, (long) outputs)
          : List.of((long) outputs, (long) inputs);
    }
  }
}
