// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.seed.Seed;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * One byte a number and a float32 scale a block: {@code scale = max|x| / 127}, {@code q} is {@code
 * x / scale} rounded up or down at random, so that its mean is x. Within one scale of each number;
 * a block's zeros stay zero. Alistarh et al. 2017, <a
 * href="https://arxiv.org/abs/1610.02132">QSGD</a>, section 3.1, with the largest number in the
 * place of the norm.
 *
 * <pre>
 * 4 bytes   numbers in a block
 * blocks    4 bytes of scale, then the numbers, -127 to 127
 * </pre>
 */
public record Int8(int block) implements NumberFormat {
  private static final int LEVELS = 127;

  /**
   * {@code {name: int8, ...}}.
   *
   * @param block numbers that share a scale, 8 to 65536
   */
  public record Config(@Default("128") int block) implements Serializable {
    public Config {
      new Faults()
          .check(block >= 8 && block <= 65536, "block", block, "give 8 to 65536, e.g. 128")
          .throwIfAny();
    }
  }

  /** Chosen by {@code name: int8}. */
  public static final class Provider implements MessageOperator.Provider<Config> {
    @Override
    public String name() {
      return "int8";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public MessageOperator create(Config config) {
      return new Int8(config.block());
    }

    @Override
    public MessageOperator decoder() {
      return new Int8(128);
    }
  }

  @Override
  public byte[] encode(float[] values, Seed seed) {
    SplittableRandom random = seed.random();
    int blocks = (values.length + block - 1) / block;
    ByteBuffer out =
        ByteBuffer.allocate(Math.addExact(4 + 4 * blocks, values.length))
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(block);
    for (int from = 0; from < values.length; from += block) {
      int to = Math.min(values.length, from + block);
      float largest = 0;
      for (int i = from; i < to; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      float scale = largest / LEVELS;
      out.putFloat(scale);
      for (int i = from; i < to; i++) {
        out.put(scale == 0 ? 0 : rounded((double) values[i] / scale, random));
      }
    }
    return out.array();
  }

  /** Up or down, the nearer the likelier. */
  private static byte rounded(double value, SplittableRandom random) {
    double down = Math.floor(value);
    double q = down + (random.nextDouble() < value - down ? 1 : 0);
    return (byte) Math.max(-LEVELS, Math.min(LEVELS, q));
  }

  @Override
  public float[] decode(byte[] bytes, int count) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 4) {
      throw new IllegalArgumentException(bytes.length + " bytes are too few");
    }
    int size = in.getInt();
    if (size < 1) {
      throw new IllegalArgumentException("blocks of " + size + " numbers");
    }
    Lengths.require(bytes, 4 + 4 * (((long) count + size - 1) / size) + count);
    float[] values = new float[count];
    float scale = 0;
    for (int i = 0; i < count; i++) {
      if (i % size == 0) {
        scale = in.getFloat();
      }
      values[i] = scale * in.get();
    }
    return values;
  }

  @Override
  public long mostBytes(long count) {
    return 4 + 5 * count;
  }
}
