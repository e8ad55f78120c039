// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.model.HalfPrecision;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;

/**
 * Two bytes a number, rounded to nearest, ties to even: within 2^-8 of a number, relative to it.
 */
public record BFloat16() implements NumberFormat {
  /** {@code bfloat16} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: bfloat16}. */
  public static final class Provider implements MessageOperator.Provider<Config> {
    @Override
    public String name() {
      return "bfloat16";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public MessageOperator create(Config config) {
      return new BFloat16();
    }

    @Override
    public MessageOperator decoder() {
      return new BFloat16();
    }
  }

  @Override
  public byte[] encode(float[] values, Seed seed) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Short.BYTES)];
    ShortBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
    for (int i = 0; i < values.length; i++) {
      short half = HalfPrecision.toBFloat16(values[i]);
      if (!Float.isFinite(HalfPrecision.fromBFloat16(half))) {
        throw new IllegalArgumentException("bfloat16 cannot hold " + values[i] + "; take float32");
      }
      out.put(half);
    }
    return bytes;
  }

  @Override
  public float[] decode(byte[] bytes, int count) {
    Lengths.require(bytes, (long) count * Short.BYTES);
    ShortBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = HalfPrecision.fromBFloat16(in.get(i));
    }
    return values;
  }

  @Override
  public long mostBytes(long count) {
    return count * Short.BYTES;
  }
}
