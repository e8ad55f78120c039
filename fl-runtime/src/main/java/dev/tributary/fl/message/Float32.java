// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The numbers as they are; what messages have where nothing else is said. */
public record Float32() implements NumberFormat {
  /** {@code float32} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: float32}. */
  public static final class Provider implements MessageOperator.Provider<Config> {
    @Override
    public String name() {
      return "float32";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public MessageOperator create(Config config) {
      return new Float32();
    }

    @Override
    public MessageOperator decoder() {
      return new Float32();
    }
  }

  @Override
  public byte[] encode(float[] values, Seed seed) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
    return bytes;
  }

  @Override
  public float[] decode(byte[] bytes, int count) {
    Lengths.require(bytes, (long) count * Float.BYTES);
    float[] values = new float[count];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  @Override
  public long mostBytes(long count) {
    return count * Float.BYTES;
  }
}
