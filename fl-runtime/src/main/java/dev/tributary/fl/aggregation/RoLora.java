// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/**
 * Factors take turns: in odd rounds clients train and send {@code B}, in even rounds {@code A}. As
 * the other factor is alike for all, the mean is exact in each round, and half as much is sent.
 *
 * <p>Chen et al. 2024, <a href="https://arxiv.org/abs/2409.02346">Robust Federated Finetuning of
 * LLMs via Alternating Optimization of LoRA</a>, algorithm 1.
 */
public record RoLora() implements LoraAggregation {
  /** {@code aggregation: {name: rolora}} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: rolora}. */
  public static final class Provider implements LoraAggregation.Provider<Config> {
    @Override
    public String name() {
      return "rolora";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public LoraAggregation create(Config config) {
      return new RoLora();
    }
  }

  @Override
  public void check(Setting training, Faults faults) {
    Objections.unlessAveraged(
        training, "its moments would move the factor that a round leaves as it is", faults);
  }

  @Override
  public boolean trains(Factor factor, int round) {
    return factor == (round % 2 == 1 ? Factor.B : Factor.A);
  }

  @Override
  public Merged merge(Layer layer) {
    return Merged.of(layer.factorMeans(), layer);
  }
}
