// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.seed.Seed;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;

/** A number format of two bytes, little-endian. */
interface TwoBytes extends NumberFormat {
  /** Rounded; infinite where it is outside the range. */
  short half(float value);

  float value(short half);

  /** What to say of a number that is outside the range. */
  String refusal(float value);

  @Override
  default byte[] encode(float[] values, Seed seed) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Short.BYTES)];
    ShortBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
    for (float value : values) {
      short half = half(value);
      if (!Float.isFinite(value(half))) {
        throw new IllegalArgumentException(refusal(value));
      }
      out.put(half);
    }
    return bytes;
  }

  @Override
  default float[] decode(byte[] bytes, int count) {
    Lengths.require(bytes, (long) count * Short.BYTES);
    ShortBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = value(in.get(i));
    }
    return values;
  }

  @Override
  default long mostBytes(long count) {
    return count * Short.BYTES;
  }
}
