// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;
import java.util.List;

/**
 * Factors are averaged one by one, and what their product lacks of the mean of the products is
 * added to the base: {@code W <- W + sum p_k B_k A_k - B A}. Exact, and clients go on from warm
 * factors.
 *
 * <p>Singhal et al. 2025, <a href="https://arxiv.org/abs/2410.09432">FedEx-LoRA: Exact Aggregation
 * for Federated and Efficient Fine-Tuning of Foundation Models</a>, equations 11 to 14. Deviation:
 * the base stays as it is; the residual is held beside the adapter as further ranks, and exported
 * with it.
 */
public record FedEx(Held config) implements LoraAggregation {
  /** Chosen by {@code name: fedex}. */
  public static final class Provider implements LoraAggregation.Provider<Held> {
    @Override
    public String name() {
      return "fedex";
    }

    @Override
    public Class<Held> configType() {
      return Held.class;
    }

    @Override
    public LoraAggregation create(Held config) {
      return new FedEx(config);
    }
  }

  @Override
  public void check(Setting training, Faults faults) {
    Objections.unlessAveraged(
        training, "what it adds to the mean is not what the residual was computed for", faults);
    Objections.ifRemembered(training, faults);
    Objections.ifDecayed(training, faults);
  }

  @Override
  public Merged merge(Layer layer) {
    LowRank means = layer.factorMeans().rounded();
    LowRank residual = LowRank.sum(List.of(layer.productMean(), means.times(-1)));
    return config.with(layer, residual, means);
  }
}
