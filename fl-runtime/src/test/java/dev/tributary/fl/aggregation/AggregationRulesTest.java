// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.aggregation.LoraAggregation.Layer.Share;
import dev.tributary.fl.aggregation.LoraAggregation.Merged;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.seed.Seed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What each rule makes of clients' updates, against whole matrices. */
class AggregationRulesTest {
  private static final int OUTPUTS = 7;
  private static final int INPUTS = 9;
  private static LowRankAlgebra algebra;

  @BeforeAll
  static void open() {
    algebra = TorchScript.lowRankAlgebra();
  }

  @AfterAll
  static void close() {
    algebra.close();
  }

  private static LowRank random(int rank, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return new LowRank(
        OUTPUTS,
        rank,
        INPUTS,
        random.doubles((long) OUTPUTS * rank, -1, 1).toArray(),
        random.doubles((long) rank * INPUTS, -1, 1).toArray());
  }

  private static LayerUpdates layer(LowRank before, LowRank held, List<LowRank> updates) {
    List<Share> weights = new ArrayList<>();
    for (int k = 0; k < updates.size(); k++) {
      weights.add(new Share(k, k + 1));
    }
    return new LayerUpdates(
        "layer", before, held, weights, updates::get, Seed.of(3), algebra, new Scratch());
  }

  private static LayerUpdates layer(List<LowRank> updates) {
    int rank = updates.stream().mapToInt(LowRank::rank).max().orElseThrow();
    return layer(random(rank, 99), LowRank.none(OUTPUTS, INPUTS), updates);
  }

  private static double[] product(LowRank update) {
    double[] product = new double[update.outputs() * update.inputs()];
    for (int o = 0; o < update.outputs(); o++) {
      for (int i = 0; i < update.inputs(); i++) {
        for (int r = 0; r < update.rank(); r++) {
          product[o * update.inputs() + i] +=
              update.b()[o * update.rank() + r] * update.a()[r * update.inputs() + i];
        }
      }
    }
    return product;
  }

  /** Weights 1, 2, 3 ... over their sum. */
  private static double[] mean(List<double[]> all) {
    double total = all.size() * (all.size() + 1) / 2.0;
    double[] mean = new double[all.get(0).length];
    for (int k = 0; k < all.size(); k++) {
      for (int i = 0; i < mean.length; i++) {
        mean[i] += (k + 1) / total * all.get(k)[i];
      }
    }
    return mean;
  }

  private static double[] meanProduct(List<LowRank> updates) {
    return mean(updates.stream().map(AggregationRulesTest::product).toList());
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }

  private static double norm(double[] a) {
    return distance(a, new double[a.length]);
  }

  private static double[] sum(double[] a, double[] b) {
    double[] sum = a.clone();
    Arrays.setAll(sum, i -> a[i] + b[i]);
    return sum;
  }

  private static final List<LowRank> THREE = List.of(random(2, 1), random(2, 2), random(2, 3));

  @Test
  void fedItAveragesEachFactor() {
    LowRank found = new FedIt().merge(layer(THREE)).trained();
    assertThat(distance(found.a(), mean(THREE.stream().map(LowRank::a).toList())))
        .isLessThan(1e-15);
    assertThat(distance(found.b(), mean(THREE.stream().map(LowRank::b).toList())))
        .isLessThan(1e-15);
    assertThat(distance(product(found), meanProduct(THREE))).isGreaterThan(0.1);
  }

  @Test
  void factorsOfWhichOneIsAlikeAreAveragedExactly() {
    List<LowRank> sameA =
        THREE.stream()
            .map(each -> new LowRank(OUTPUTS, 2, INPUTS, each.b(), THREE.get(0).a()))
            .toList();
    LowRank found = new FfaLora().merge(layer(sameA)).trained();
    assertThat(distance(product(found), meanProduct(sameA))).isLessThan(1e-14);
    assertThat(new FfaLora().trains(LoraAggregation.Factor.A, 1)).isFalse();
    assertThat(new FfaLora().trains(LoraAggregation.Factor.B, 2)).isTrue();
    RoLora turns = new RoLora();
    assertThat(turns.trains(LoraAggregation.Factor.B, 1)).isTrue();
    assertThat(turns.trains(LoraAggregation.Factor.A, 1)).isFalse();
    assertThat(turns.trains(LoraAggregation.Factor.B, 2)).isFalse();
    assertThat(turns.trains(LoraAggregation.Factor.A, 2)).isTrue();
  }

  @Test
  void exactIsTheNearestUpdateOfTheRank() {
    Merged found = new ExactProduct(List.of()).merge(layer(THREE));
    double[] mean = meanProduct(THREE);
    double apart = distance(product(found.trained()), mean);
    assertThat(found.trained().rank()).isEqualTo(2);
    assertThat(apart * apart / (norm(mean) * norm(mean)))
        .isCloseTo(found.discardedEnergy(), within(1e-12));
    // nearer than any other that is easily found
    for (LoraAggregation rule : List.of(new FedIt(), new LoraFair(1e-6), new HetLora(List.of(2)))) {
      assertThat(apart).isLessThan(distance(product(rule.merge(layer(THREE)).trained()), mean));
    }
    // with enough ranks there is nothing to lose
    LowRank wide = random(6, 5);
    Merged whole = new ExactProduct(List.of()).merge(layer(wide, wide.part(0, 0), THREE));
    assertThat(distance(product(whole.trained()), mean)).isLessThan(1e-13);
    assertThat(whole.discardedEnergy()).isLessThan(1e-24);
  }

  @Test
  void oneClientsUpdateIsItsOwnMean() {
    List<LowRank> one = List.of(THREE.get(0));
    for (LoraAggregation rule :
        List.of(
            new FedIt(),
            new ExactProduct(List.of()),
            new HetLora(List.of(2)),
            new LoraFair(0.01),
            new FedEx(new Held(Optional.empty())),
            new Flora(new Held(Optional.empty())))) {
      Merged found = rule.merge(layer(one));
      double[] all = sum(product(found.trained()), product(found.held()));
      assertThat(distance(all, product(one.get(0)))).as("%s", rule).isLessThan(1e-6);
    }
  }

  @Test
  void exactRulesDoNotDependOnHowAnUpdateIsFactored() {
    // B G and G^-1 A are the same update; here G swaps ranks of one client and scales them
    LowRank first = THREE.get(0).part(0, 1);
    LowRank second = THREE.get(0).part(1, 2);
    List<LowRank> others =
        List.of(
            LowRank.sum(List.of(scaled(second, 3), scaled(first, -0.5))),
            THREE.get(1),
            THREE.get(2));
    for (LoraAggregation rule :
        List.of(new ExactProduct(List.of()), new Flora(new Held(Optional.empty())))) {
      Merged one = rule.merge(layer(THREE));
      Merged two = rule.merge(layer(others));
      assertThat(
              distance(
                  sum(product(one.trained()), product(one.held())),
                  sum(product(two.trained()), product(two.held()))))
          .isLessThan(1e-12);
    }
    assertThat(
            distance(
                product(new FedIt().merge(layer(THREE)).trained()),
                product(new FedIt().merge(layer(others)).trained())))
        .isGreaterThan(0.1);
  }

  private static LowRank scaled(LowRank update, double factor) {
    return new LowRank(
        OUTPUTS,
        update.rank(),
        INPUTS,
        DoubleStream.of(update.b()).map(b -> b * factor).toArray(),
        DoubleStream.of(update.a()).map(a -> a / factor).toArray());
  }

  @Test
  void fedExAndFloraKeepTheWholeSumBesideTheTrainedRanks() {
    LowRank held = random(1, 8);
    double[] due = sum(product(held), meanProduct(THREE));
    LayerUpdates layer = layer(random(2, 9), held, THREE);

    Merged fedEx = new FedEx(new Held(Optional.empty())).merge(layer);
    assertThat(distance(sum(product(fedEx.trained()), product(fedEx.held())), due))
        .isLessThan(1e-12);
    assertThat(distance(fedEx.trained().a(), new FedIt().merge(layer).trained().a()))
        .isLessThan(1e-6);
    assertThat(fedEx.held().rank()).isLessThanOrEqualTo(OUTPUTS);

    Merged flora = new Flora(new Held(Optional.empty())).merge(layer);
    assertThat(flora.trained().b()).containsOnly(0);
    assertThat(norm(flora.trained().a())).isGreaterThan(0);
    assertThat(distance(product(flora.held()), due)).isLessThan(1e-12);

    Merged cut = new Flora(new Held(Optional.of(3))).merge(layer);
    assertThat(cut.held().rank()).isEqualTo(3);
    double apart = distance(product(cut.held()), due);
    assertThat(apart * apart / (norm(due) * norm(due)))
        .isCloseTo(cut.discardedEnergy(), within(1e-12));
  }

  @Test
  void loraFairCorrectsB() {
    double[] mean = meanProduct(THREE);
    double plain = distance(product(new FedIt().merge(layer(THREE)).trained()), mean);
    LowRank found = new LoraFair(1e-6).merge(layer(THREE)).trained();
    assertThat(distance(product(found), mean)).isLessThan(plain);
    // what is left is orthogonal to the rows of A: no other B is nearer
    for (int r = 0; r < 2; r++) {
      for (int o = 0; o < OUTPUTS; o++) {
        double inner = 0;
        for (int i = 0; i < INPUTS; i++) {
          double left = mean[o * INPUTS + i] - product(found)[o * INPUTS + i];
          inner += left * found.a()[r * INPUTS + i];
        }
        assertThat(inner).isCloseTo(0, within(1e-5));
      }
    }
    LowRank bound = new LoraFair(1e9).merge(layer(THREE)).trained();
    assertThat(distance(bound.b(), new FedIt().merge(layer(THREE)).trained().b())).isLessThan(1e-6);
  }

  /** By hand: updates of norm 2 (rank 1) and 4 (rank 2); the second rank has only one owner. */
  @Test
  void hetLoraWeighsByTheNormsOfUpdates() {
    LowRank small = new LowRank(2, 1, 2, new double[] {2, 0}, new double[] {1, 0});
    LowRank large = new LowRank(2, 2, 2, new double[] {0, 4, 0, 0}, new double[] {0, 0, 0, 1});
    List<Share> alike = List.of(new Share(0, 1), new Share(1, 1));
    LayerUpdates layer =
        new LayerUpdates(
            "layer",
            large,
            large.part(0, 0),
            alike,
            List.of(small, large)::get,
            Seed.of(1),
            algebra,
            new Scratch());
    LowRank found = new HetLora(List.of(1, 2)).merge(layer).trained();
    assertThat(found.b()).containsExactly(new double[] {2 / 3.0, 8 / 3.0, 0, 0}, within(1e-12));
    assertThat(found.a()).containsExactly(new double[] {1 / 3.0, 0, 0, 2 / 3.0}, within(1e-12));
    assertThat(new HetLora(List.of(1, 2)).rank(0, 4)).isEqualTo(1);
    assertThat(new HetLora(List.of(1, 2)).rank(3, 4)).isEqualTo(2);
  }

  @Test
  void manyClientsAreSummedUpExactlyInBetween() {
    List<LowRank> many = new ArrayList<>();
    for (int k = 0; k < 400; k++) {
      many.add(random(3, 1000 + k)); // 1200 ranks in a layer of 7
    }
    LayerUpdates layer = layer(many);
    assertThat(layer.productMean().rank()).isLessThan(1030);
    assertThat(distance(product(layer.productMean()), meanProduct(many))).isLessThan(1e-12);
  }

  @Test
  void innerProductsAreThoseOfTheProducts() {
    double[][] table = algebra.products(THREE);
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        double[] a = product(THREE.get(i));
        double[] b = product(THREE.get(j));
        double inner = 0;
        for (int x = 0; x < a.length; x++) {
          inner += a[x] * b[x];
        }
        assertThat(table[i][j]).isCloseTo(inner, within(1e-12));
      }
    }
  }
}
