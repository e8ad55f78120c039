// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.data.splitter.Dirichlet;
import dev.tributary.data.splitter.Meta;
import dev.tributary.data.splitter.Uniform;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AssignmentTest {
  private static final List<String> LABELS = List.of("common", "rare", "single");

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void holdsEveryClientsLabelsOutInTheirShare(long seed) {
    Population population = population(2000, seed);
    Holdout holdout = new Holdout(0.7, 0.2, 0.1);
    Splitter splitter = new Dirichlet(new Dirichlet.Config("category", 0.3, 6, 1, 1000, false));
    Assignment dealt = Assignment.of(population, splitter, "dirichlet", holdout, Seed.of(seed));
    int[][][] counts = new int[6][LABELS.size()][Part.COUNT];
    for (int i = 0; i < population.size(); i++) {
      counts[dealt.clients()[i]][population.labels()[i]][dealt.parts()[i]]++;
    }
    for (int[][] client : counts) {
      for (int[] label : client) {
        int total = IntStream.of(label).sum();
        if (total > 0) {
          assertThat(label[0]).as("trained of %s", total).isPositive();
        }
        if (total > 10) {
          assertThat((double) label[0]).isBetween(total * 0.7 - 1, total * 0.7 + 1);
          assertThat((double) label[1]).isBetween(total * 0.2 - 1.5, total * 0.2 + 1.5);
          assertThat((double) label[2]).isBetween(total * 0.1 - 1.5, total * 0.1 + 1.5);
        }
      }
    }
  }

  @Test
  void holdsTheSameExamplesOutForAnyNumberOfClients() {
    Population population = population(1000, 3);
    Holdout holdout = new Holdout(0.8, 0.1, 0.1);
    byte[] first = uniform(population, 1, holdout);
    assertThat(uniform(population, 3, holdout)).isEqualTo(first);
    assertThat(uniform(population, 10, holdout)).isEqualTo(first);
    byte[] byCategory =
        Assignment.of(
                population, new Meta(new Meta.Config("category", 0)), "meta", holdout, Seed.of(8))
            .parts();
    int differ = 0;
    for (int i = 0; i < byCategory.length; i++) {
      differ += byCategory[i] == first[i] ? 0 : 1;
    }
    assertThat(differ).as("only labels without a train example differ").isLessThanOrEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.5 0.5 0", "0.5 0 0.5", "1 0 0"})
  void leavesPartsEmptyThatHaveNoShare(String shares) {
    double[] share = Arrays.stream(shares.split(" ")).mapToDouble(Double::parseDouble).toArray();
    Population population = population(500, 1);
    byte[] parts =
        Assignment.of(
                population,
                new Uniform(new Uniform.Config(2)),
                "uniform",
                new Holdout(share[0], share[1], share[2]),
                Seed.of(1))
            .parts();
    for (int part = 0; part < Part.COUNT; part++) {
      int code = part;
      long count = IntStream.range(0, parts.length).filter(i -> parts[i] == code).count();
      assertThat((double) count).isBetween(share[part] * 500 - 1, share[part] * 500 + 1);
    }
  }

  @Test
  void refusesSplittersThatLoseExamplesOrLeaveClientsEmpty() {
    Population population = population(50, 1);
    assertThatThrownBy(() -> deal(population, new Scripted(List.of(new int[] {49}))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("Splitter scripted deals out 49 of 50 examples labelled ''");
    assertThatThrownBy(() -> deal(population, new Scripted(List.of(new int[] {50}, new int[] {0}))))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "splitter scripted: client 1 (scripted) would get no examples; give fewer clients");
    assertThat(deal(population, new Scripted(List.of(new int[] {20}, new int[] {30}))).clients())
        .contains(0, 1);
  }

  private static byte[] uniform(Population population, int clients, Holdout holdout) {
    Splitter splitter = new Uniform(new Uniform.Config(clients));
    return Assignment.of(population, splitter, "uniform", holdout, Seed.of(8)).parts();
  }

  private static Assignment deal(Population population, Splitter splitter) {
    return Assignment.of(population, splitter, "scripted", new Holdout(0.8, 0.1, 0.1), Seed.of(1));
  }

  /** A splitter as users write them. */
  private record Scripted(List<int[]> shares) implements Splitter {
    @Override
    public Optional<String> by() {
      return Optional.empty();
    }

    @Override
    public List<ClientShare> deal(LabelCounts labels, Seed seed) {
      return shares.stream().map(share -> new ClientShare("scripted", share)).toList();
    }
  }

  /** Of three labels: most are common, a tenth rare, one single. */
  private static Population population(int size, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] labels = IntStream.range(0, size).map(i -> i == 7 ? 2 : i % 10 == 3 ? 1 : 0).toArray();
    return Population.of(
        random.longs(size).toArray(),
        random.longs(size).toArray(),
        labels,
        LABELS,
        labels,
        LABELS,
        new BitSet());
  }
}
