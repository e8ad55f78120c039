// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;
import java.io.Serializable;
import java.util.List;

/**
 * The mean of the products {@code sum p_k B_k A_k}, brought back to the adapter's rank by a
 * singular value decomposition: the nearest update of that rank that there is. Clients may train
 * ranks of their own: each is sent the largest singular directions.
 *
 * <p>Bai et al. 2024, <a href="https://arxiv.org/abs/2402.11505">Federated Fine-tuning of Large
 * Language Models under Heterogeneous Tasks and Client Resources</a> (FlexLoRA). Deviations: the
 * mean is never made as a matrix, but decomposed as factors; singular values are shared out to both
 * factors by their square roots; all ranks share one scale, where the paper's code takes {@code
 * alpha / rank} of each client.
 *
 * @param ranks see {@link Ranks}; empty where all clients train the adapter's rank
 */
public record ExactProduct(List<Integer> ranks) implements LoraAggregation {
  public ExactProduct {
    ranks = List.copyOf(ranks);
  }

  /** {@code aggregation: {name: exact}} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: exact}. */
  public static final class Provider implements LoraAggregation.Provider<Config> {
    @Override
    public String name() {
      return "exact";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public LoraAggregation create(Config config) {
      return new ExactProduct(List.of());
    }
  }

  /** Chosen by {@code name: flexlora}: {@code exact} with a rank per client. */
  public static final class FlexLora implements LoraAggregation.Provider<Ranks> {
    @Override
    public String name() {
      return "flexlora";
    }

    @Override
    public Class<Ranks> configType() {
      return Ranks.class;
    }

    @Override
    public LoraAggregation create(Ranks config) {
      return new ExactProduct(config.ranks());
    }
  }

  @Override
  public void check(Setting training, Faults faults) {
    Objections.unlessAveraged(training, Objections.OTHER_FACTORS, faults);
    Objections.ifRemembered(training, faults);
    Ranks.check(ranks, training, faults);
  }

  @Override
  public int rank(int client, int rank) {
    return Ranks.of(ranks, client, rank);
  }

  @Override
  public Merged merge(Layer layer) {
    LowRankAlgebra.Truncated found =
        layer.algebra().truncated(layer.productMean(), layer.before().rank());
    return new Merged(
        found.nearest().padded(layer.before().rank()), layer.held(), found.discardedEnergy());
  }
}
