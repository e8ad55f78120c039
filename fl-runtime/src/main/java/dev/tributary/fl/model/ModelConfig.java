// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;

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
}
