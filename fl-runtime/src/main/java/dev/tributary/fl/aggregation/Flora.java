// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;

/**
 * Updates are stacked, added to the base, and clients begin anew from a fresh adapter in each
 * round: {@code W <- W + sum p_k B_k A_k}. Exact.
 *
 * <p>Wang et al. 2024, <a href="https://arxiv.org/abs/2409.05976">FLoRA: Federated Fine-Tuning
 * Large Language Models with Heterogeneous Low-Rank Adaptations</a>, equations 6 to 8. Deviation:
 * the base stays as it is; the stack is held beside the adapter as further ranks, and exported with
 * it.
 */
public record Flora(Held config) implements LoraAggregation {
  /** Chosen by {@code name: flora}. */
  public static final class Provider implements LoraAggregation.Provider<Held> {
    @Override
    public String name() {
      return "flora";
    }

    @Override
    public Class<Held> configType() {
      return Held.class;
    }

    @Override
    public LoraAggregation create(Held config) {
      return new Flora(config);
    }
  }

  @Override
  public void check(Setting training, Faults faults) {
    Objections.unlessAveraged(training, Objections.OTHER_FACTORS, faults);
    Objections.ifRemembered(training, faults);
    Objections.ifDecayed(training, faults);
  }

  @Override
  public Merged merge(Layer layer) {
    // Of the fresh adapter B is zero, so the whole update is what is held.
    return config.with(layer, layer.productMean(), layer.fresh());
  }
}
