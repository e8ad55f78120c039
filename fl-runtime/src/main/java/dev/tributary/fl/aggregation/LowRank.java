// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.adapter.NamedTensors.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * An update {@code B A} of a linear layer, without the adapter's scale. Values are shared, not
 * copied.
 *
 * @param outputs m
 * @param rank r, 0 or more
 * @param inputs n
 * @param b m x r, row-major
 * @param a r x n, row-major
 */
public record LowRank(int outputs, int rank, int inputs, double[] b, double[] a) {
  public LowRank {
    if (b.length != outputs * rank || a.length != rank * inputs) {
      throw new IllegalArgumentException(
          "Factors of %d x %d at rank %d cannot have %d and %d numbers"
              .formatted(outputs, inputs, rank, b.length, a.length));
    }
  }

  /** No update. */
  static LowRank none(int outputs, int inputs) {
    return new LowRank(outputs, 0, inputs, new double[0], new double[0]);
  }

  /**
   * @throws IllegalArgumentException if the shapes are not (m, r) and (r, n)
   */
  public static LowRank of(Tensor b, Tensor a) {
    if (b.shape().size() != 2
        || a.shape().size() != 2
        || !b.shape().get(1).equals(a.shape().get(0))) {
      throw new IllegalArgumentException(
          "B of shape " + b.shape() + " and A of shape " + a.shape() + " have no product");
    }
    return new LowRank(
        Math.toIntExact(b.shape().get(0)),
        Math.toIntExact(a.shape().get(0)),
        Math.toIntExact(a.shape().get(1)),
        wide(b.values()),
        wide(a.values()));
  }

  private static double[] wide(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** Rounded to float32. */
  public Tensor tensorA() {
    return new Tensor(List.of((long) rank, (long) inputs), narrow(a));
  }

  /** Rounded to float32. */
  public Tensor tensorB() {
    return new Tensor(List.of((long) outputs, (long) rank), narrow(b));
  }

  private static float[] narrow(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }

  /** As it is after rounding to float32, which is what clients are sent. */
  LowRank rounded() {
    return of(tensorB(), tensorA());
  }

  /** The same product times a factor, which goes into B. */
  public LowRank times(double factor) {
    double[] scaled = new double[b.length];
    for (int i = 0; i < b.length; i++) {
      scaled[i] = factor * b[i];
    }
    return new LowRank(outputs, rank, inputs, scaled, a);
  }

  /** The part of ranks {@code from} up to below {@code to}. */
  public LowRank part(int from, int to) {
    if (from == 0 && to == rank) {
      return this;
    }
    int width = to - from;
    double[] partB = new double[outputs * width];
    for (int i = 0; i < outputs; i++) {
      System.arraycopy(b, i * rank + from, partB, i * width, width);
    }
    return new LowRank(
        outputs, width, inputs, partB, Arrays.copyOfRange(a, from * inputs, to * inputs));
  }

  /** The sum of the products: factors side by side. */
  public static LowRank sum(List<LowRank> all) {
    return sum(all, new Scratch());
  }

  /** As the other, in these arrays. */
  static LowRank sum(List<LowRank> all, Scratch into) {
    LowRank first = all.get(0);
    int total = all.stream().mapToInt(LowRank::rank).sum();
    double[] b = into.first(Math.multiplyExact(first.outputs, total));
    double[] a = into.second(Math.multiplyExact(total, first.inputs));
    int at = 0;
    for (LowRank each : all) {
      for (int i = 0; i < first.outputs; i++) {
        System.arraycopy(each.b, i * each.rank, b, i * total + at, each.rank);
      }
      System.arraycopy(each.a, 0, a, at * first.inputs, each.a.length);
      at += each.rank;
    }
    return new LowRank(first.outputs, total, first.inputs, b, a);
  }

  /** With ranks of zeros behind, which change nothing. */
  LowRank padded(int wanted) {
    if (wanted == rank) {
      return this;
    }
    int more = wanted - rank;
    return sum(
        List.of(
            this,
            new LowRank(
                outputs, more, inputs, new double[outputs * more], new double[more * inputs])));
  }
}
