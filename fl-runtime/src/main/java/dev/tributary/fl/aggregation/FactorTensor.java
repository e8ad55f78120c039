// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.aggregation.LoraAggregation.Factor;
import java.util.Arrays;
import java.util.List;

/** Ranks of one factor as clients and messages have it: rows of {@code A}, columns of {@code B}. */
final class FactorTensor {
  private FactorTensor() {}

  static int rank(Tensor tensor, Factor factor) {
    return Math.toIntExact(tensor.shape().get(factor == Factor.A ? 0 : 1));
  }

  /** Ranks {@code from} up to below {@code to}. */
  static Tensor cut(Tensor tensor, Factor factor, int from, int to) {
    int rank = rank(tensor, factor);
    if (from == 0 && to == rank) {
      return tensor;
    }
    int width = to - from;
    if (factor == Factor.A) {
      int inputs = Math.toIntExact(tensor.shape().get(1));
      return new Tensor(
          List.of((long) width, (long) inputs),
          Arrays.copyOfRange(tensor.values(), from * inputs, to * inputs));
    }
    int outputs = Math.toIntExact(tensor.shape().get(0));
    float[] values = new float[outputs * width];
    for (int o = 0; o < outputs; o++) {
      System.arraycopy(tensor.values(), o * rank + from, values, o * width, width);
    }
    return new Tensor(List.of((long) outputs, (long) width), values);
  }

  /** One behind the other. */
  static Tensor join(Tensor first, Tensor second, Factor factor) {
    int one = rank(first, factor);
    int two = rank(second, factor);
    if (two == 0) {
      return first;
    }
    float[] values = new float[first.values().length + second.values().length];
    if (factor == Factor.A) {
      System.arraycopy(first.values(), 0, values, 0, first.values().length);
      System.arraycopy(second.values(), 0, values, first.values().length, second.values().length);
      return new Tensor(List.of((long) one + two, first.shape().get(1)), values);
    }
    int outputs = Math.toIntExact(first.shape().get(0));
    for (int o = 0; o < outputs; o++) {
      System.arraycopy(first.values(), o * one, values, o * (one + two), one);
      System.arraycopy(second.values(), o * two, values, o * (one + two) + one, two);
    }
    return new Tensor(List.of((long) outputs, (long) one + two), values);
  }

  /** 1 where a number is of the first ranks, else 0. */
  static Tensor mask(Tensor like, Factor factor, int trained) {
    int rank = rank(like, factor);
    int inner = Math.toIntExact(like.shape().get(1));
    float[] ones = new float[like.values().length];
    for (int i = 0; i < ones.length; i++) {
      int at = factor == Factor.A ? i / inner : i % rank;
      ones[i] = at < trained ? 1 : 0;
    }
    return new Tensor(like.shape(), ones);
  }
}
