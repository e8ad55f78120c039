// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.splitter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.data.Splitter;
import dev.tributary.data.Splitter.ClientShare;
import dev.tributary.data.Splitter.LabelCounts;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.seed.Seed;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplittersTest {
  private static final LabelCounts DOLLY =
      new LabelCounts(
          "category",
          List.of("a", "b", "c", "d", "e", "f", "g", "h"),
          new int[] {1766, 2136, 1773, 709, 2191, 1506, 3742, 1188});
  private static final LabelCounts ALIKE = new LabelCounts("", List.of(""), new int[] {10});
  private static final LabelCounts MANY = new LabelCounts("", List.of(""), new int[] {10_000});

  @Test
  void areFoundByName() {
    assertThat(Providers.of(Splitter.Provider.class).names())
        .contains("uniform", "meta", "dirichlet", "quantity", "pathological", "natural");
  }

  @Test
  void uniformSizesDifferByAtMostOne() {
    List<ClientShare> shares = new Uniform(new Uniform.Config(4)).deal(ALIKE, Seed.of(1));
    assertThat(shares).extracting(ClientShare::total).containsExactly(3, 3, 2, 2);
    assertThatThrownBy(() -> new Uniform(new Uniform.Config(11)).deal(ALIKE, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "data.splitter.clients = 11 is not valid; the corpus has only 10 examples: give at most as"
                + " many clients");
  }

  @Test
  void metaPacksValuesEvenlyForFewerClients() {
    List<ClientShare> shares = meta(3).deal(DOLLY, Seed.of(1));
    checkDealt(shares, DOLLY);
    assertThat(shares)
        .extracting(ClientShare::name)
        .containsExactly("a + d + e", "b + c + h", "f + g");
    assertThat(shares).extracting(ClientShare::total).containsExactly(4666, 5097, 5248);
  }

  @Test
  void metaDividesTheLargestForMoreClients() {
    List<ClientShare> shares = meta(11).deal(DOLLY, Seed.of(1));
    checkDealt(shares, DOLLY);
    assertThat(shares)
        .extracting(ClientShare::name)
        .containsExactly(
            "a",
            "b (1 of 2)",
            "b (2 of 2)",
            "c",
            "d",
            "e (1 of 2)",
            "e (2 of 2)",
            "f",
            "g (1 of 2)",
            "g (2 of 2)",
            "h");
    LabelCounts tiny = new LabelCounts("category", List.of("", "x"), new int[] {1, 3});
    List<ClientShare> each = meta(4).deal(tiny, Seed.of(1));
    assertThat(each).extracting(ClientShare::total).containsOnly(1);
    assertThat(each.get(0).name()).isEqualTo("(none)");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.001, 0.05, 0.5, 1, 50, 1e6})
  void dirichletDealsOutEverything(double alpha) {
    for (int seed = 0; seed < 20; seed++) {
      int clients = alpha < 0.01 ? 3 : 9;
      checkDealt(dirichlet(alpha, clients, 1, 10_000).deal(DOLLY, Seed.of(seed)), DOLLY);
    }
  }

  @Test
  void dirichletSkewFallsWithAlphaAsTheDistributionSays() {
    double before = 2;
    for (double alpha : new double[] {0.1, 0.5, 2, 10, 100}) {
      double sum = 0;
      int draws = 200;
      for (int seed = 0; seed < draws; seed++) {
        sum += meanSquaredShare(dirichlet(alpha, 10, 1, 10_000).deal(DOLLY, Seed.of(seed)));
      }
      // E[sum of squared shares] of a symmetric Dirichlet with K parts: (alpha + 1)/(K alpha + 1).
      double expected = (alpha + 1) / (10 * alpha + 1);
      assertThat(sum / draws).as("alpha %s", alpha).isBetween(expected * 0.93, expected * 1.07);
      assertThat(sum / draws).isLessThan(before);
      before = sum / draws;
    }
  }

  @Test
  void dirichletTakesLabelsWithOneRecord() {
    LabelCounts counts = new LabelCounts("category", List.of("a", "b"), new int[] {1, 40});
    checkDealt(dirichlet(0.5, 3, 1, 1000).deal(counts, Seed.of(1)), counts);
  }

  @Test
  void dirichletGivesUpWithNumbers() {
    assertThatThrownBy(() -> dirichlet(0.001, 100, 1, 50).deal(DOLLY, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "splitter dirichlet: none of 50 draws with alpha 0.001 over 8 labels gave each of 100"
                + " clients min-size 1; in the best draw the smallest had 0: raise alpha or"
                + " retries, or lower clients or min-size");
    assertThatThrownBy(() -> dirichlet(1, 4, 5000, 50).deal(DOLLY, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("4 clients of that size need more than the corpus's 15011 examples");
    assertThatThrownBy(() -> dirichlet(1, 4, 1, 50).deal(ALIKE, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("splitter dirichlet: no record of the corpus has a");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
  void dirichletRefusesAlphas(double alpha) {
    assertThatThrownBy(() -> new Dirichlet.Config("category", alpha, 0, 0, 0, false))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("alpha = " + alpha + " is not valid; give a number above 0, e.g. 0.5")
        .hasMessageContaining("clients = 0")
        .hasMessageContaining("min-size = 0");
  }

  @Test
  void balancedDirichletGivesOneSizeAndSkewThatFallsWithAlpha() {
    double before = Double.MAX_VALUE;
    for (double alpha : new double[] {0.05, 0.5, 5, 500}) {
      double sum = 0;
      for (int seed = 0; seed < 20; seed++) {
        List<ClientShare> shares = balanced(alpha, 9).deal(DOLLY, Seed.of(seed));
        checkDealt(shares, DOLLY);
        assertThat(shares)
            .allSatisfy(share -> assertThat(share.total()).isBetween(15_011 / 9, 15_011 / 9 + 1));
        sum += distanceToTheWhole(shares);
      }
      assertThat(sum).isLessThan(before);
      before = sum;
    }
    assertThat(before / 20).isLessThan(0.05);
    assertThat(balanced(1, 9).deal(DOLLY, Seed.of(1)).get(3).examples())
        .isEqualTo(balanced(1, 9).deal(DOLLY, Seed.of(1)).get(3).examples());
  }

  @Test
  void quantityDrawsSizesFromADirichletDistribution() {
    double sum = 0;
    int draws = 300;
    for (int seed = 0; seed < draws; seed++) {
      List<ClientShare> shares =
          quantity(5, Quantity.Sizes.DIRICHLET, 2, 0, 1).deal(MANY, Seed.of(seed));
      checkDealt(shares, MANY);
      sum += shares.stream().mapToDouble(s -> Math.pow(s.total() / 10_000.0, 2)).sum();
    }
    double expected = (2 + 1) / (5 * 2 + 1.0); // E[sum of squared shares]
    assertThat(sum / draws).isBetween(expected * 0.93, expected * 1.07);
    assertThatThrownBy(
            () -> quantity(5, Quantity.Sizes.DIRICHLET, 0.01, 0, 1500).deal(MANY, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            "splitter quantity: the smallest of 5 clients would hold \\d+ of 10000 examples in the"
                + " best of 50 draws, min-size is 1500: give fewer clients, a lower min-size, or a"
                + " higher alpha");
  }

  @Test
  void quantityFollowsZipfsLaw() {
    List<ClientShare> shares = quantity(4, Quantity.Sizes.ZIPF, 1, 1, 1).deal(MANY, Seed.of(1));
    checkDealt(shares, MANY);
    assertThat(shares.stream().map(ClientShare::total).sorted().toList())
        .containsExactly(1200, 1600, 2400, 4800); // 12/25, 6/25, 4/25, 3/25
    List<ClientShare> alike = quantity(4, Quantity.Sizes.ZIPF, 1, 0, 1).deal(MANY, Seed.of(1));
    assertThat(alike).extracting(ClientShare::total).containsOnly(2500);
    assertThatThrownBy(() -> quantity(9, Quantity.Sizes.ZIPF, 1, 9, 1).deal(MANY, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith("or a lower exponent");
  }

  @Test
  void pathologicalGivesEachClientItsNumberOfLabels() {
    for (int seed = 0; seed < 20; seed++) {
      for (int clients : new int[] {4, 9, 50}) {
        List<ClientShare> shares = pathological(clients, 2).deal(DOLLY, Seed.of(seed));
        checkDealt(shares, DOLLY);
        assertThat(shares).allSatisfy(share -> assertThat(labelsOf(share)).isEqualTo(2));
      }
    }
    assertThatThrownBy(() -> pathological(3, 2).deal(DOLLY, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("3 clients of 2 labels cannot hold all 8 labels");
    assertThatThrownBy(() -> pathological(3, 9).deal(DOLLY, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("splitter.labels-per-client = 9 is not valid; the corpus has 8");
  }

  @Test
  void naturalMakesAClientOfEachPersonAndPutsSmallOnesTogether() {
    LabelCounts people =
        new LabelCounts(
            "user", List.of("", "ann", "bob", "cem", "dora", "eve"), new int[] {1, 5, 2, 3, 9, 1});
    List<ClientShare> each = natural(1).deal(people, Seed.of(1));
    checkDealt(each, people);
    assertThat(each)
        .extracting(ClientShare::name)
        .containsExactly("(none)", "ann", "bob", "cem", "dora", "eve");

    List<ClientShare> larger = natural(4).deal(people, Seed.of(1));
    checkDealt(larger, people);
    assertThat(larger)
        .extracting(ClientShare::name)
        .containsExactly("ann", "(none) and 3 more", "dora");
    assertThat(larger).extracting(ClientShare::total).containsExactly(5, 7, 9);

    LabelCounts tail = new LabelCounts("user", List.of("ann", "bob", "cem"), new int[] {9, 8, 2});
    assertThat(natural(5).deal(tail, Seed.of(1)))
        .extracting(ClientShare::name)
        .containsExactly("ann", "bob and 1 more");
    assertThatThrownBy(() -> natural(20).deal(tail, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("splitter.min-size = 20 is not valid; the corpus has only 19");
  }

  private static Natural natural(int minSize) {
    return new Natural(new Natural.Config("user", minSize));
  }

  private static Pathological pathological(int clients, int labels) {
    return new Pathological(new Pathological.Config("category", clients, labels));
  }

  private static Quantity quantity(
      int clients, Quantity.Sizes sizes, double alpha, double exponent, int minSize) {
    return new Quantity(new Quantity.Config(clients, sizes, alpha, exponent, minSize, 50));
  }

  private static Dirichlet balanced(double alpha, int clients) {
    return new Dirichlet(new Dirichlet.Config("category", alpha, clients, 1, 1, true));
  }

  private static long labelsOf(ClientShare share) {
    return IntStream.of(share.examples()).filter(n -> n > 0).count();
  }

  /** Total variation between a client's labels and the corpus's, averaged over clients. */
  private static double distanceToTheWhole(List<ClientShare> shares) {
    double sum = 0;
    for (ClientShare share : shares) {
      for (int label = 0; label < DOLLY.counts().length; label++) {
        sum +=
            Math.abs(
                    share.examples()[label] / (double) share.total()
                        - DOLLY.counts()[label] / 15_011.0)
                / 2;
      }
    }
    return sum / shares.size();
  }

  private static Meta meta(int clients) {
    return new Meta(new Meta.Config("category", clients));
  }

  private static Dirichlet dirichlet(double alpha, int clients, int minSize, int retries) {
    return new Dirichlet(new Dirichlet.Config("category", alpha, clients, minSize, retries, false));
  }

  private static void checkDealt(List<ClientShare> shares, LabelCounts labels) {
    int[] dealt = new int[labels.counts().length];
    for (ClientShare share : shares) {
      assertThat(share.total()).isPositive();
      for (int label = 0; label < dealt.length; label++) {
        assertThat(share.examples()[label]).isNotNegative();
        dealt[label] += share.examples()[label];
      }
    }
    assertThat(dealt).isEqualTo(labels.counts());
  }

  private static double meanSquaredShare(List<ClientShare> shares) {
    double sum = 0;
    for (int label = 0; label < DOLLY.counts().length; label++) {
      for (ClientShare share : shares) {
        double p = share.examples()[label] / (double) DOLLY.counts()[label];
        sum += p * p;
      }
    }
    return sum / DOLLY.counts().length;
  }
}
