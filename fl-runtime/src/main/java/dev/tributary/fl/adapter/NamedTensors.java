// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Float32 tensors by name, in order, on the Java heap: the state of an adapter, of an optimiser, of
 * a server. Values are shared, not copied: who holds one does not write into its arrays.
 *
 * <p>Names of adapter tensors are PEFT's, without {@code .default} and without {@code
 * base_model.model.}: {@code model.layers.0.self_attn.q_proj.lora_A.weight}; those of full
 * fine-tuning are the checkpoint's.
 */
public final class NamedTensors {
  /**
   * One tensor in row-major order.
   *
   * @param shape sizes, outermost first; empty for a scalar
   * @param values as many as the product of the shape
   */
  public record Tensor(List<Long> shape, float[] values) {
    public Tensor {
      shape = List.copyOf(shape);
      long elements = shape.stream().reduce(1L, Math::multiplyExact);
      if (elements != values.length) {
        throw new IllegalArgumentException(
            "A tensor of shape " + shape + " has " + elements + " values, not " + values.length);
      }
    }
  }

  private final Map<String, Tensor> byName;

  public NamedTensors(Map<String, Tensor> byName) {
    this.byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
  }

  public Map<String, Tensor> byName() {
    return byName;
  }

  public List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /**
   * @throws IllegalArgumentException if there is no such tensor
   */
  public Tensor get(String name) {
    Tensor tensor = byName.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("There is no tensor " + name + " among " + names());
    }
    return tensor;
  }

  /** Number of values in all tensors. */
  public long elements() {
    return byName.values().stream().mapToLong(t -> t.values().length).sum();
  }
}
