// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.seed.Seed;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Tensors as torch's modules start, each from a seed of its own. */
final class InitialValues {
  private InitialValues() {}

  /**
   * Kaiming-uniform with a = sqrt(5) of a matrix (outputs, inputs): uniform within ±1/sqrt(inputs).
   */
  static NamedTensors.Tensor kaiming(List<Long> shape, Seed seed) {
    return uniform(shape, 1 / Math.sqrt(shape.get(1)), seed);
  }

  /** Uniform within ±bound. */
  static NamedTensors.Tensor uniform(List<Long> shape, double bound, Seed seed) {
    SplittableRandom random = seed.random();
    float[] values = new float[elements(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextDouble() * 2 - 1) * (float) bound;
    }
    return new NamedTensors.Tensor(shape, values);
  }

  /** N(0, 1), as torch's embeddings; by Box and Muller 1958 in StrictMath, alike everywhere. */
  static NamedTensors.Tensor normal(List<Long> shape, Seed seed) {
    SplittableRandom random = seed.random();
    float[] values = new float[elements(shape)];
    for (int i = 0; i < values.length; i += 2) {
      double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
      double angle = 2 * Math.PI * random.nextDouble();
      values[i] = (float) (radius * StrictMath.cos(angle));
      if (i + 1 < values.length) {
        values[i + 1] = (float) (radius * StrictMath.sin(angle));
      }
    }
    return new NamedTensors.Tensor(shape, values);
  }

  static NamedTensors.Tensor constant(List<Long> shape, float value) {
    float[] values = new float[elements(shape)];
    Arrays.fill(values, value);
    return new NamedTensors.Tensor(shape, values);
  }

  private static int elements(List<Long> shape) {
    return Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
  }
}
