// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.model.HalfPrecision;
import java.io.Serializable;

/**
 * Two bytes a number, rounded to nearest, ties to even: within 2^-11 of a number between 2^-14 and
 * 65504 relative to it, and within 2^-25 below.
 */
public record Float16() implements TwoBytes {
  /** {@code float16} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: float16}. */
  public static final class Provider implements MessageOperator.Provider<Config> {
    @Override
    public String name() {
      return "float16";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public MessageOperator create(Config config) {
      return new Float16();
    }

    @Override
    public MessageOperator decoder() {
      return new Float16();
    }
  }

  @Override
  public short half(float value) {
    return HalfPrecision.toFloat16(value);
  }

  @Override
  public float value(short half) {
    return HalfPrecision.fromFloat16(half);
  }

  @Override
  public String refusal(float value) {
    return "float16 cannot hold " + value + "; take bfloat16";
  }
}
