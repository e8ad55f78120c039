// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.config.InputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PairedComparisonTest {
  private static Scores scores(String name, double... scores) {
    Map<String, Double> byQuestion = new LinkedHashMap<>();
    for (int q = 0; q < scores.length; q++) {
      byQuestion.put("t/" + q, scores[q]);
    }
    return new Scores(name, byQuestion);
  }

  private static PairedComparison of(Scores first, Scores second) {
    return PairedComparison.of(List.of(first), List.of(second));
  }

  @Test
  void tellsTheDifferenceAndWhatFlipped() {
    PairedComparison found = of(scores("a", 1, 0, 0, 1, 1), scores("b", 1, 1, 1, 0, 1));
    assertThat(found.first()).isEqualTo(0.6);
    assertThat(found.second()).isEqualTo(0.8);
    assertThat(found.difference()).isCloseTo(0.2, within(1e-12));
    assertThat(found.flips())
        .containsExactly(
            new PairedComparison.Flip(0, "t/1", 0, 1),
            new PairedComparison.Flip(0, "t/2", 0, 1),
            new PairedComparison.Flip(0, "t/3", 1, 0));
    // Two of three discordant pairs or more, either way: certain.
    assertThat(found.test()).isEqualTo("McNemar, exact");
    assertThat(found.pValue()).isCloseTo(1, within(1e-12));
    assertThat(found.interval().low()).isLessThan(0.2);
    assertThat(found.interval().high()).isGreaterThan(0.2);
  }

  @Test
  void mcNemarIsExact() {
    double[] first = new double[20];
    double[] second = new double[20];
    for (int q = 0; q < 10; q++) {
      second[q] = q < 9 ? 1 : 0; // 9 gained
      first[q] = q == 9 ? 1 : 0; // 1 lost
    }
    // 2 (C(10, 0) + C(10, 1)) / 2^10
    assertThat(of(scores("a", first), scores("b", second)).pValue())
        .isCloseTo(22 / 1024.0, within(1e-12));
  }

  @Test
  void equalRunsDoNotDiffer() {
    PairedComparison found = of(scores("a", 1, 0, 0.5), scores("b", 1, 0, 0.5));
    assertThat(found.difference()).isZero();
    assertThat(found.pValue()).isEqualTo(1);
    assertThat(found.interval().low()).isZero();
    assertThat(found.interval().high()).isZero();
    assertThat(found.flips()).isEmpty();
  }

  @Test
  void pairedIsNarrowerThanApart() {
    // The second is better by a little on every question, which differ by much.
    PairedComparison found =
        of(scores("a", 0.1, 0.5, 0.9, 0.3, 0.7), scores("b", 0.2, 0.6, 1.0, 0.39, 0.8));
    assertThat(found.test()).isEqualTo("paired t over questions");
    assertThat(found.pValue()).isLessThan(0.001);
    assertThat(found.interval().low()).isGreaterThan(0.09);
  }

  @Test
  void seedsAreBlocks() {
    PairedComparison found =
        PairedComparison.of(
            List.of(scores("a1", 1, 0), scores("a2", 0, 0), scores("a3", 1, 1)),
            List.of(scores("b1", 1, 1), scores("b2", 1, 0), scores("b3", 1, 1)));
    assertThat(found.first()).isEqualTo(0.5);
    assertThat(found.second()).isCloseTo(5 / 6.0, within(1e-12));
    assertThat(found.firstDeviation()).isCloseTo(0.5, within(1e-12));
    assertThat(found.difference()).isCloseTo(1 / 3.0, within(1e-12));
    assertThat(found.test()).isEqualTo("paired t over seeds");
    // Differences 0.5, 0.5, 0: mean 1/3, standard error 1/6, so t = 2 with 2 degrees of freedom.
    assertThat(found.pValue()).isCloseTo(0.18350341907227, within(1e-9));
    assertThat(found.flips()).extracting(PairedComparison.Flip::block).containsExactly(0, 1);
  }

  @Test
  void leavesOutWhatOnlyOneAnsweredAndSaysSo() {
    PairedComparison found =
        of(
            new Scores("a", Map.of("x", 1.0, "y", 0.0)),
            new Scores("b", Map.of("y", 1.0, "z", 1.0, "w", 0.0)));
    assertThat(found.questions()).isEqualTo(1);
    assertThat(found.onlyFirst()).isEqualTo(1);
    assertThat(found.onlySecond()).isEqualTo(2);
  }

  @Test
  void refusesWhatDoesNotPair() {
    assertThatThrownBy(() -> of(scores("a", 1), new Scores("b", Map.of("other", 1.0))))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot compare a with b: no question was answered by both");
    assertThatThrownBy(() -> PairedComparison.of(List.of(scores("a", 1)), List.of()))
        .hasMessageContaining("Cannot compare 1 runs with 0");
  }
}
