// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Names and shapes of a model's parameters as a family lists them. */
final class Parameters {
  private final Map<String, List<Long>> all = new LinkedHashMap<>();

  void vector(String name, int length) {
    all.put(name, List.of((long) length));
  }

  void matrix(String name, int rows, int columns) {
    all.put(name, List.of((long) rows, (long) columns));
  }

  /** A layer norm: weight and bias. */
  void norm(String module, int width) {
    vector(module + ".weight", width);
    vector(module + ".bias", width);
  }

  void linear(ModelConfig.LinearLayer layer) {
    all.put(layer.weight(), layer.weightShape());
  }

  void linearWithBias(ModelConfig.LinearLayer layer) {
    linear(layer);
    vector(layer.bias(), layer.outputs());
  }

  Map<String, List<Long>> byName() {
    return Collections.unmodifiableMap(all);
  }
}
