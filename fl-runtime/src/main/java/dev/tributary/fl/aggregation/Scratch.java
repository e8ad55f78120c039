// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

/** Two large arrays that layers of one shape use one after the other. Of one thread. */
public final class Scratch {
  private double[] first = new double[0];
  private double[] second = new double[0];

  double[] first(int length) {
    first = first.length == length ? first : new double[length];
    return first;
  }

  double[] second(int length) {
    second = second.length == length ? second : new double[length];
    return second;
  }
}
