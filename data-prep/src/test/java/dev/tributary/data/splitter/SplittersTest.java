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

  @Test
  void areFoundByName() {
    assertThat(Providers.of(Splitter.Provider.class).names())
        .contains("uniform", "meta", "dirichlet");
  }

  @Test
  void uniformSizesDifferByAtMostOne() {
    List<ClientShare> shares = new Uniform(new Uniform.Config(4)).deal(ALIKE, Seed.of(1));
    assertThat(shares).extracting(ClientShare::total).containsExactly(3, 3, 2, 2);
    assertThatThrownBy(() -> new Uniform(new Uniform.Config(11)).deal(ALIKE, Seed.of(1)))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "splitter.clients = 11 is not valid; the corpus has only 10 examples: give at most as"
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
    assertThatThrownBy(() -> new Dirichlet.Config("category", alpha, 0, 0, 0))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("alpha = " + alpha + " is not valid; give a number above 0, e.g. 0.5")
        .hasMessageContaining("clients = 0")
        .hasMessageContaining("min-size = 0");
  }

  private static Meta meta(int clients) {
    return new Meta(new Meta.Config("category", clients));
  }

  private static Dirichlet dirichlet(double alpha, int clients, int minSize, int retries) {
    return new Dirichlet(new Dirichlet.Config("category", alpha, clients, minSize, retries));
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
