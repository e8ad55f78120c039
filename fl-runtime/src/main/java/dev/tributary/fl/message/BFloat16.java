// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.model.HalfPrecision;
import java.io.Serializable;

/**
 * Two bytes a number, rounded to nearest, ties to even: within 2^-8 of a number, relative to it.
 */
public record BFloat16() implements TwoBytes {
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
  public short half(float value) {
    return HalfPrecision.toBFloat16(value);
  }

  @Override
  public float value(short half) {
    return HalfPrecision.fromBFloat16(half);
  }

  @Override
  public String refusal(float value) {
    return "bfloat16 cannot hold " + value + "; take float32";
  }
}
