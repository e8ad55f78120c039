// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.seed.Seed;

/** How a tensor's float32 numbers are written as bytes; with a loss that the class states. */
public non-sealed interface NumberFormat extends MessageOperator {
  /**
   * @param values finite
   * @param seed for what is drawn; the same bytes for the same seed
   * @throws IllegalArgumentException if a number is outside the format's range; says which
   */
  byte[] encode(float[] values, Seed seed);

  /**
   * @param count numbers that there must be
   * @throws IllegalArgumentException if the bytes are not those of so many numbers
   */
  float[] decode(byte[] bytes, int count);

  /** Most bytes that so many numbers take. */
  long mostBytes(long count);
}
