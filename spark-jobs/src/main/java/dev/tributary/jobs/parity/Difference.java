// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.InputException;
import java.util.List;

/** Distances between what was computed and what was recorded. */
final class Difference {
  private double largest;

  /** The largest absolute difference seen so far; NaN if anything was not a number. */
  double largest() {
    return largest;
  }

  Difference add(double computed, double recorded) {
    double difference = Math.abs(computed - recorded);
    // written so that NaN stays
    if (!(difference <= largest)) {
      largest = Double.isNaN(largest) ? largest : difference;
    }
    return this;
  }

  Difference add(NamedTensors.Tensor computed, List<Long> shape, float[] recorded, String name) {
    if (!computed.shape().equals(shape)) {
      throw new InputException(
          name + " has shape " + computed.shape() + ", the recorded one " + shape);
    }
    for (int i = 0; i < recorded.length; i++) {
      add(computed.values()[i], recorded[i]);
    }
    return this;
  }

  static double between(double computed, double recorded) {
    return new Difference().add(computed, recorded).largest();
  }
}
