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
    Holdout holdout = new Holdout(0.7, 0.2, 0.1, 0);
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
    Holdout holdout = new Holdout(0.8, 0.1, 0.1, 0);
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
                new Holdout(share[0], share[1], share[2], 0),
                Seed.of(1))
            .parts();
    for (int part = 0; part < share.length; part++) {
      int code = part;
      long count = IntStream.range(0, parts.length).filter(i -> parts[i] == code).count();
      assertThat((double) count).isBetween(share[part] * 500 - 1, share[part] * 500 + 1);
    }
  }

  @Test
  void theServerHoldsItsShareOfEveryLabelAndClientsDealOutTheRest() {
    Population population = population(1000, 2);
    Assignment assignment =
        Assignment.of(
            population,
            new Meta(new Meta.Config("category", 0)),
            "meta",
            new Holdout(0.6, 0.1, 0.1, 0.2),
            Seed.of(3));
    assertThat(assignment.names()).containsExactlyElementsOf(LABELS);
    int[] held = new int[LABELS.size()];
    int[] all = population.labelCounts();
    int[] parts = new int[Part.COUNT];
    for (int i = 0; i < population.size(); i++) {
      boolean server = assignment.parts()[i] == Part.SERVER.code();
      assertThat(assignment.clients()[i] == Part.NO_CLIENT).isEqualTo(server);
      held[population.labels()[i]] += server ? 1 : 0;
      parts[assignment.parts()[i]]++;
      assertThat(Assignment.client(assignment.target(i))).isEqualTo(assignment.clients()[i]);
      assertThat(Assignment.part(assignment.target(i)).code()).isEqualTo(assignment.parts()[i]);
    }
    assertThat((double) held[0]).isBetween(all[0] * 0.2 - 1, all[0] * 0.2 + 1);
    assertThat((double) held[1]).isBetween(all[1] * 0.2 - 1, all[1] * 0.2 + 1);
    assertThat(held[2]).isZero(); // the only one of its label stays with a client
    assertThat((double) parts[Part.VALIDATION.code()]).isBetween(97.0, 103.0);
    assertThat((double) parts[Part.TEST.code()]).isBetween(97.0, 103.0);
  }

  @Test
  void withoutAServersShareNothingChanges() {
    Population population = population(300, 4);
    Splitter splitter = new Uniform(new Uniform.Config(3));
    Assignment assignment =
        Assignment.of(population, splitter, "uniform", new Holdout(0.8, 0.1, 0.1, 0), Seed.of(5));
    assertThat(assignment.clients()).doesNotContain(Part.NO_CLIENT);
    assertThat(assignment.parts()).doesNotContain((byte) Part.SERVER.code());
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
    return Assignment.of(
        population, splitter, "scripted", new Holdout(0.8, 0.1, 0.1, 0), Seed.of(1));
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
    Survey survey = Survey.empty();
    for (int label : labels) {
      survey.add(random.nextLong(), random.nextLong(), 0, LABELS.get(label), LABELS.get(label));
    }
    survey.trim();
    return Population.of(List.of(survey));
  }
}
