// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import java.io.Serializable;

/**
 * {@code A} stays as it was drawn, alike for all; clients train and send {@code B} alone. The mean
 * of {@code B} is then exact, and half as much is sent.
 *
 * <p>Sun et al. 2024, <a href="https://arxiv.org/abs/2403.12313">Improving LoRA in
 * Privacy-preserving Federated Learning</a>.
 */
public record FfaLora() implements LoraAggregation {
  /** {@code aggregation: {name: ffa}} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: ffa}. */
  public static final class Provider implements LoraAggregation.Provider<Config> {
    @Override
    public String name() {
      return "ffa";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public LoraAggregation create(Config config) {
      return new FfaLora();
    }
  }

  @Override
  public boolean trains(Factor factor, int round) {
    return factor == Factor.B;
  }

  @Override
  public Merged merge(Layer layer) {
    return Merged.of(layer.factorMeans(), layer);
  }
}
