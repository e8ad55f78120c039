// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.config.Faults;
import java.util.ArrayList;
import java.util.List;

/**
 * A rank per client: smaller factors are filled up with zeros and averaged one by one, weighted by
 * the norm of the update that they stand for; each client is sent the first ranks.
 *
 * <p>Cho et al. 2024, <a href="https://arxiv.org/abs/2401.06432">Heterogeneous LoRA for Federated
 * Fine-tuning of On-Device Foundation Models</a>, equations 3 to 5. Deviations: weights are taken
 * layer by layer and multiplied by the client's share; clients do not prune ranks themselves.
 */
public record HetLora(List<Integer> ranks) implements LoraAggregation {
  public HetLora {
    ranks = List.copyOf(ranks);
  }

  /** Chosen by {@code name: hetlora}. */
  public static final class Provider implements LoraAggregation.Provider<Ranks> {
    @Override
    public String name() {
      return "hetlora";
    }

    @Override
    public Class<Ranks> configType() {
      return Ranks.class;
    }

    @Override
    public LoraAggregation create(Ranks config) {
      return new HetLora(config.ranks());
    }
  }

  @Override
  public void check(Setting training, Faults faults) {
    Objections.unlessAveraged(
        training, "its moments would mix ranks that other clients trained", faults);
    Objections.ifRemembered(training, faults);
    Ranks.check(ranks, training, faults);
  }

  @Override
  public int rank(int client, int rank) {
    return Ranks.of(ranks, client, rank);
  }

  @Override
  public Merged merge(Layer layer) {
    LowRank before = layer.before();
    List<LowRank> updates = new ArrayList<>();
    double[] weights = new double[layer.shares().size()];
    double total = 0;
    for (int m = 0; m < weights.length; m++) {
      LowRank update = layer.update(m);
      updates.add(update.padded(before.rank()));
      double norm = Math.sqrt(layer.algebra().products(List.of(update))[0][0]);
      weights[m] = layer.shares().get(m).weight() * norm;
      total += weights[m];
    }
    double[] b = new double[before.b().length];
    double[] a = new double[before.a().length];
    for (int m = 0; m < weights.length; m++) {
      // where no update has a norm, by shares
      double weight = total > 0 ? weights[m] / total : layer.shares().get(m).weight();
      add(weight, updates.get(m).b(), b);
      add(weight, updates.get(m).a(), a);
    }
    return Merged.of(new LowRank(before.outputs(), before.rank(), before.inputs(), b, a), layer);
  }

  private static void add(double weight, double[] values, double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += weight * values[i];
    }
  }
}
