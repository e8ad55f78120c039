// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import java.io.Serializable;

/**
 * Each factor is averaged on its own: {@code A = sum p_k A_k, B = sum p_k B_k}. Their product is
 * not the mean of the clients' products; tables tell how far it is from it.
 *
 * <p>Zhang et al. 2023, <a href="https://arxiv.org/abs/2305.05644">Towards Building the Federated
 * GPT: Federated Instruction Tuning</a>. With other adapters than LoRA the one rule there is.
 */
public record FedIt() implements LoraAggregation {
  /** {@code aggregation: {name: fedit}} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: fedit}. */
  public static final class Provider implements LoraAggregation.Provider<Config> {
    @Override
    public String name() {
      return "fedit";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public LoraAggregation create(Config config) {
      return new FedIt();
    }
  }

  @Override
  public Merged merge(Layer layer) {
    return Merged.of(layer.factorMeans(), layer);
  }
}
