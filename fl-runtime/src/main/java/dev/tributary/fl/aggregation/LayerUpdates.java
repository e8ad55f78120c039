// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/** A layer's updates, each read when it is asked for. Used by one thread. */
public final class LayerUpdates implements LoraAggregation.Layer {
  /** Updates of more ranks are brought to fewer before others are added. */
  private static final int MOST_RANKS = 1024;

  private final String name;
  private final LowRank before;
  private final LowRank held;
  private final List<Share> weights;
  private final IntFunction<LowRank> updates;
  private final Seed seed;
  private final LowRankAlgebra algebra;
  private final Scratch scratch;
  private Optional<LowRank> factorMeans = Optional.empty();
  private Optional<LowRank> productMean = Optional.empty();

  /**
   * @param before the update before the round, of the layer's whole rank
   * @param weights what shares are proportional to, one for each update
   * @param updates by their place among the weights; of the layer's rank or less
   * @param seed of the round and the layer
   * @param scratch of the thread that uses it
   */
  public LayerUpdates(
      String name,
      LowRank before,
      LowRank held,
      List<Share> weights,
      IntFunction<LowRank> updates,
      Seed seed,
      LowRankAlgebra algebra,
      Scratch scratch) {
    this.name = name;
    this.before = before;
    this.held = held;
    this.weights = List.copyOf(weights);
    this.updates = updates;
    this.seed = seed;
    this.algebra = algebra;
    this.scratch = scratch;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public LowRank before() {
    return before;
  }

  @Override
  public LowRank held() {
    return held;
  }

  private double total() {
    return weights.stream().mapToDouble(Share::weight).sum();
  }

  @Override
  public List<Share> shares() {
    double total = total();
    return weights.stream().map(w -> new Share(w.client(), w.weight() / total)).toList();
  }

  @Override
  public LowRank update(int member) {
    return updates.apply(member);
  }

  @Override
  public LowRank factorMeans() {
    if (factorMeans.isEmpty()) {
      double[] b = new double[before.b().length];
      double[] a = new double[before.a().length];
      for (int m = 0; m < weights.size(); m++) {
        LowRank update = update(m).padded(before.rank());
        add(weights.get(m).weight(), update.b(), b);
        add(weights.get(m).weight(), update.a(), a);
      }
      // divided last: where weights are whole numbers, equal factors come out as they are
      divide(b, total());
      divide(a, total());
      factorMeans =
          Optional.of(new LowRank(before.outputs(), before.rank(), before.inputs(), b, a));
    }
    return factorMeans.get();
  }

  private static void add(double weight, double[] values, double[] sum) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += weight * values[i];
    }
  }

  private static void divide(double[] values, double by) {
    for (int i = 0; i < values.length; i++) {
      values[i] /= by;
    }
  }

  /** In the scratch arrays, so it counts until another layer asks for its own. */
  @Override
  public LowRank productMean() {
    if (productMean.isEmpty()) {
      List<Share> shares = shares();
      int side = Math.min(before.outputs(), before.inputs());
      int most = Math.max(MOST_RANKS, 2 * side);
      if (shares.size() * before.rank() <= most) {
        productMean = Optional.of(filledIn(shares));
        return productMean.get();
      }
      List<LowRank> sum = new ArrayList<>();
      int ranks = 0;
      for (int m = 0; m < shares.size(); m++) {
        LowRank update = update(m);
        if (ranks + update.rank() > most) {
          LowRank fewer = algebra.truncated(LowRank.sum(sum), side).nearest();
          sum.clear();
          sum.add(fewer);
          ranks = fewer.rank();
        }
        sum.add(update.times(shares.get(m).weight()));
        ranks += update.rank();
      }
      productMean = Optional.of(LowRank.sum(sum, scratch));
    }
    return productMean.get();
  }

  /** One update after the other goes to its place at once; of lower ranks some stay zero. */
  private LowRank filledIn(List<Share> shares) {
    int all = shares.size() * before.rank();
    double[] b = scratch.first(before.outputs() * all);
    double[] a = scratch.second(all * before.inputs());
    Arrays.fill(b, 0);
    Arrays.fill(a, 0);
    for (int m = 0; m < shares.size(); m++) {
      LowRank update = update(m);
      double weight = shares.get(m).weight();
      int from = m * before.rank();
      for (int o = 0; o < before.outputs(); o++) {
        for (int r = 0; r < update.rank(); r++) {
          b[o * all + from + r] = weight * update.b()[o * update.rank() + r];
        }
      }
      System.arraycopy(update.a(), 0, a, from * before.inputs(), update.a().length);
    }
    return new LowRank(before.outputs(), all, before.inputs(), b, a);
  }

  @Override
  public LowRank fresh() {
    return LowRank.of(
        new Tensor(
            List.of((long) before.outputs(), (long) before.rank()),
            new float[before.outputs() * before.rank()]),
        Lora.freshA(before.rank(), before.inputs(), seed));
  }

  @Override
  public LowRankAlgebra algebra() {
    return algebra;
  }
}
