// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.sampling.ClientSampler.Candidate;
import dev.tributary.fl.sampling.Participation.OnFailure;
import dev.tributary.fl.seed.Seed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplingTest {
  @TempDir Path folder;

  /** Client k has 10 (k + 1) examples. */
  private static List<Candidate> clients(int count) {
    return IntStream.range(0, count).mapToObj(k -> new Candidate(k, 10L * (k + 1))).toList();
  }

  private static Map<Integer, Integer> counts(ClientSampler sampler, int size) {
    Map<Integer, Integer> counts = new HashMap<>();
    for (int round = 1; round <= 6000; round++) {
      List<Integer> drawn =
          sampler.sample(round, clients(4), size, Seed.of(3).child(round).random());
      assertThat(drawn).hasSize(size).doesNotHaveDuplicates();
      drawn.forEach(client -> counts.merge(client, 1, Integer::sum));
    }
    return counts;
  }

  @Test
  void uniformDrawsAllAlike() {
    counts(new UniformSampling(), 2)
        .values()
        .forEach(count -> assertThat(count / 6000.0).isCloseTo(0.5, within(0.03)));
    assertThat(new UniformSampling().sample(1, clients(3), 9, Seed.of(1).random())).hasSize(3);
  }

  @Test
  void weightedDrawsByExamples() {
    counts(new WeightedSampling(), 1)
        .forEach(
            (client, count) ->
                assertThat(count / 6000.0).isCloseTo((client + 1) / 10.0, within(0.02)));
  }

  @Test
  void fixedDrawsThoseNamed() {
    ClientSampler fixed = new FixedSampling(List.of(2, 0));
    assertThat(fixed.sample(7, clients(4), 2, Seed.of(1).random())).containsExactly(2, 0);
    assertThatThrownBy(() -> fixed.sample(1, clients(2), 2, Seed.of(1).random()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("no clients [2]");
  }

  @Test
  void aTraceSaysWhoIsThere() throws IOException {
    Path trace =
        Files.writeString(
            folder.resolve("t.csv"), "client,from_round,to_round\n0,1,2\n1,2,5\n1,9,9\n\n3,2,2\n");
    ClientSampler sampler = new TraceSampling(trace.toString());
    assertThat(sampler.sample(1, clients(4), 2, Seed.of(1).random())).containsExactly(0);
    assertThat(sampler.sample(2, clients(4), 9, Seed.of(1).random()))
        .containsExactlyInAnyOrder(0, 1, 3);
    assertThat(sampler.sample(9, clients(4), 2, Seed.of(1).random())).containsExactly(1);
    assertThatThrownBy(() -> sampler.sample(6, clients(4), 2, Seed.of(1).random()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("Cannot train round 6");
    Files.writeString(trace, "client,from_round,to_round\n0,1,2\n1,5,2\n");
    assertThatThrownBy(() -> sampler.sample(1, clients(4), 2, Seed.of(1).random()))
        .hasMessageContaining("t.csv:3: \"1,5,2\" is no stretch of rounds");
    Files.writeString(trace, "0,1,2\n");
    assertThatThrownBy(() -> sampler.sample(1, clients(4), 2, Seed.of(1).random()))
        .hasMessageContaining("t.csv:1: the first line must be client,from_round,to_round");
    assertThatThrownBy(
            () -> new TraceSampling("nowhere").sample(1, clients(4), 2, Seed.of(1).random()))
        .hasMessageContaining("there is no such file");
  }

  private static Participation participation(
      double over, double dropOut, double slow, Optional<Double> deadline) {
    return new Participation(over, dropOut, slow, 5, 2, deadline, 1, OnFailure.FAIL);
  }

  private static Selection select(List<Integer> sampled, int wanted, Participation how, int round) {
    return Selection.of(sampled, wanted, 10, how, Seed.of(1), Seed.of(2).child(round));
  }

  @Test
  void everybodyAnswersUnlessToldOtherwise() {
    List<Integer> sampled = List.of(5, 1, 3);
    assertThat(select(sampled, 3, participation(0, 0, 0, Optional.empty()), 1))
        .isEqualTo(Selection.of(sampled));
  }

  @Test
  void clientsDropOutAtTheirRate() {
    List<Integer> sampled = IntStream.range(0, 50).boxed().toList();
    int dropped = 0;
    for (int round = 1; round <= 100; round++) {
      Selection found = select(sampled, 50, participation(0, 0.2, 0, Optional.empty()), round);
      dropped += found.absences().size();
      assertThat(found.cohort()).hasSize(50 - found.absences().size());
      assertThat(found)
          .isEqualTo(select(sampled, 50, participation(0, 0.2, 0, Optional.empty()), round));
    }
    assertThat(dropped / 5000.0).isCloseTo(0.2, within(0.02));
  }

  @Test
  void slowClientsAreSlowInEveryRoundAndLate() {
    List<Integer> sampled = IntStream.range(0, 40).boxed().toList();
    List<List<Integer>> late = new ArrayList<>();
    for (int round = 1; round <= 3; round++) {
      // 10 steps of 2 s, a fifth more or less: 16 to 24 s, of slow ones 80 to 120
      Selection found = select(sampled, 40, participation(0, 0, 0.3, Optional.of(25.0)), round);
      found
          .absences()
          .forEach(
              absence -> {
                assertThat(absence.cause()).isEqualTo(Absence.Cause.LATE);
                assertThat(absence.simulatedSeconds()).isBetween(80.0, 120.0);
              });
      late.add(found.absences().stream().map(Absence::client).toList());
    }
    assertThat(late.get(0)).isNotEmpty().hasSizeLessThan(25);
    assertThat(late.get(1)).isEqualTo(late.get(0));
    assertThat(late.get(2)).isEqualTo(late.get(0));
  }

  @Test
  void theFastestOfThoseSampledBeyondNeedCount() {
    Participation more = participation(0.5, 0, 0, Optional.empty());
    assertThat(Selection.sampled(4, more)).isEqualTo(6);
    assertThat(Selection.sampled(10, participation(0.1, 0, 0, Optional.empty()))).isEqualTo(11);
    List<Integer> sampled = List.of(9, 4, 7, 1, 0, 3);
    Selection found = select(sampled, 4, more, 1);
    assertThat(found.cohort()).hasSize(4);
    assertThat(sampled.stream().filter(found.cohort()::contains)).isEqualTo(found.cohort());
    assertThat(found.absences())
        .hasSize(2)
        .allSatisfy(a -> assertThat(a.cause()).isEqualTo(Absence.Cause.SURPLUS));
    Selection all = select(sampled, 6, more, 1);
    assertThat(all.absences()).isEmpty();
  }

  @Test
  void refusesSettingsOutOfRange() {
    assertThatThrownBy(
            () -> new Participation(-1, 1, 2, 0.5, 0, Optional.of(0.0), 0, OnFailure.DROP))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("over-selection")
        .hasMessageContaining("drop-out")
        .hasMessageContaining("slow-share")
        .hasMessageContaining("slow-factor")
        .hasMessageContaining("seconds-per-step")
        .hasMessageContaining("deadline-seconds")
        .hasMessageContaining("quorum");
  }
}
