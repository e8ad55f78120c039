// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.message.ClientReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FedAvgTest {
  private static final ClientReport REPORT =
      new ClientReport(1, 1, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, List.of(1.0));

  /** Answers of one tensor {@code w} in memory. */
  private record Answers(List<Member> members, List<float[]> values) implements Cohort {
    static Answers of(double[] weights, float[]... values) {
      List<Member> members = new ArrayList<>();
      for (int m = 0; m < weights.length; m++) {
        members.add(new Member(m, weights[m], REPORT));
      }
      return new Answers(members, List.of(values));
    }

    @Override
    public int round() {
      return 1;
    }

    @Override
    public int clients() {
      return members.size();
    }

    @Override
    public Tensor tensor(int member, String part, String name) {
      assertThat(part + " " + name).isEqualTo("adapter w");
      float[] own = values.get(member);
      return new Tensor(List.of((long) own.length), own);
    }
  }

  private static float[] aggregate(Cohort cohort) {
    ServerState before =
        ServerState.of(new NamedTensors(Map.of("w", new Tensor(List.of(1L), new float[1]))));
    return new FedAvg().aggregate(before, cohort).adapter().get("w").values();
  }

  @Test
  void isTheWeightedMeanByHand() {
    assertThat(
            aggregate(
                Answers.of(
                    new double[] {120, 60, 20},
                    new float[] {1, -2},
                    new float[] {2, 0},
                    new float[] {5, 30})))
        .containsExactly(1.7f, 1.8f); // (120 + 120 + 100) / 200, (-240 + 600) / 200
  }

  @Test
  void equalUpdatesAverageToThemselves() {
    SplittableRandom random = new SplittableRandom(11);
    for (int trial = 0; trial < 200; trial++) {
      float[] update = new float[50];
      for (int i = 0; i < update.length; i++) {
        update[i] = (float) ((random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(-30, 30)));
      }
      int clients = 1 + random.nextInt(20);
      double[] weights = random.doubles(clients).map(w -> 1 + Math.floor(1000 * w)).toArray();
      float[][] all = new float[clients][];
      java.util.Arrays.fill(all, update);
      assertThat(aggregate(Answers.of(weights, all))).as("trial %d", trial).isEqualTo(update);
    }
  }

  @Test
  void sumsInFloat64() {
    // In float32, 1e8 + 1 is 1e8.
    assertThat(
            aggregate(
                Answers.of(
                    new double[] {1, 1, 1},
                    new float[] {1e8f},
                    new float[] {1},
                    new float[] {-1e8f})))
        .containsExactly(1f / 3);
  }

  @Test
  void refusesToAverageDifferentShapes() {
    Cohort cohort = Answers.of(new double[] {1, 1}, new float[2], new float[3]);
    assertThatThrownBy(() -> aggregate(cohort))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot average w of shapes [2] and [3]");
  }

  @Test
  void stateComesBackFromItsParts() {
    NamedTensors tensors = new NamedTensors(Map.of("w", new Tensor(List.of(1L), new float[] {3})));
    ServerState state =
        new ServerState(tensors, Map.of("control", tensors), Map.of("momentum", tensors));
    assertThat(state.sentParts().keySet()).containsExactly("adapter", "shared/control");
    assertThat(ServerState.ofParts(state.allParts())).isEqualTo(state);
    assertThat(ServerState.ofParts(state.sentParts()).own()).isEmpty();
  }
}
