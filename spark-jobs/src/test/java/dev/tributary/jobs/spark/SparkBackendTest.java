// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.round.ClientBackend;
import dev.tributary.fl.round.ClientFailedException;
import dev.tributary.fl.round.RoundOrder;
import dev.tributary.fl.sampling.Participation;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TrainingConfigs;
import dev.tributary.fl.training.DivergedException;
import dev.tributary.fl.training.TrainingConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SparkBackendTest {
  private static final List<Integer> STARTED = Collections.synchronizedList(new ArrayList<>());

  private static final TrainingConfig TRAINING = training();

  private static TrainingConfig training() {
    TrainingConfigs training = new TrainingConfigs();
    training.clientsPerRound = Optional.of(3); // the platform's serialisation refuses an Optional
    return training.make();
  }

  private final JavaSparkContext spark = LocalSpark.context();

  @Test
  void givesTheSameAnswersWhateverTheOrderOfArrival() {
    Map<Integer, Byte> answers = new HashMap<>();
    try (SparkBackend backend =
        new SparkBackend(
            new Executors(spark, 1),
            (order, client, kept) -> new byte[] {(byte) (client * order.round())},
            Map.of())) {
      backend.train(
          order(2), List.of(7, 3, 5), (client, message) -> answers.put(client, message[0]));
    }
    assertThat(answers).isEqualTo(Map.of(7, (byte) 14, 3, (byte) 6, 5, (byte) 10));
  }

  @Test
  void namesClientRoundAndCauseOfAFailure() {
    assertThatThrownBy(() -> trainWith(new IllegalStateException("no memory left")))
        .isInstanceOf(ClientFailedException.class)
        .hasMessage("Client 3 failed in round 9: no memory left")
        .hasRootCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void makesOneAttemptWhereTrainingDiverges() {
    STARTED.clear();
    assertThatThrownBy(
            () -> trainWith(new DivergedException("Client 3, round 9: training diverged")))
        .isInstanceOf(ClientFailedException.class)
        .hasMessage("Client 3, round 9: training diverged");
    assertThat(STARTED).containsOnlyOnce(3);
  }

  @Test
  void passesOnWhatTheUserMustPutRight() {
    assertThatThrownBy(() -> trainWith(new InputException("Cannot train client 3: no examples")))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot train client 3: no examples");
  }

  private void trainWith(RuntimeException failureOfClient3) {
    try (SparkBackend backend =
        new SparkBackend(
            new Executors(spark, 1),
            (order, client, kept) -> {
              STARTED.add(client);
              if (client == 3) {
                throw failureOfClient3;
              }
              return new byte[0];
            },
            Map.of(3, 1L))) {
      backend.train(order(9), List.of(7, 3, 5), (client, message) -> {});
    }
  }

  @Test
  void tellsWhoFailedWhereTheRoundMayGoOn() {
    TrainingConfigs dropping = new TrainingConfigs();
    dropping.participation =
        new Participation(
            0, 0, 0, 4, 1, java.util.Optional.empty(), 1, Participation.OnFailure.DROP);
    RoundOrder order =
        new RoundOrder(4, Seed.of(1), order(4).adapter(), dropping.make(), new byte[] {1});
    Map<Integer, String> failed = new HashMap<>();
    List<Integer> answered = new ArrayList<>();
    ClientBackend.Receiver receiver =
        new ClientBackend.Receiver() {
          @Override
          public void receive(int client, byte[] message) {
            answered.add(client);
          }

          @Override
          public void failed(int client, String why, @Nullable Throwable cause) {
            failed.put(client, why);
          }
        };
    try (SparkBackend backend =
        new SparkBackend(
            new Executors(spark, 1),
            (asked, client, kept) -> {
              if (client == 3) {
                throw new IllegalStateException("no memory left");
              }
              if (client == 5) {
                throw new InputException("no examples");
              }
              return new byte[0];
            },
            Map.of())) {
      backend.train(order, List.of(7, 3, 5, 6), receiver);
    }
    assertThat(failed).isEqualTo(Map.of(3, "no memory left", 5, "no examples"));
    assertThat(answered).containsExactlyInAnyOrder(7, 6);
  }

  @Test
  void startsClientsThatHoldMostFirstAndThenThoseThatTookLongest() {
    // More clients than the two task slots, so that the order of the start shows.
    Map<Integer, Long> examples = Map.of(0, 10L, 1, 1000L, 2, 100L, 3, 1L);
    try (SparkBackend backend =
        new SparkBackend(
            new Executors(spark, 1),
            (order, client, kept) -> {
              STARTED.add(10 * order.round() + client); // a failed round's tasks may still start
              sleep(client == 0 ? 400 : 50);
              return new byte[0];
            },
            examples)) {
      backend.train(order(1), List.of(0, 1, 2, 3), (client, message) -> {});
      assertThat(firstTwoOf(1)).containsExactlyInAnyOrder(11, 12);
      backend.train(order(2), List.of(1, 2, 3, 0), (client, message) -> {});
      assertThat(firstTwoOf(2)).contains(20);
    }
  }

  private static List<Integer> firstTwoOf(int round) {
    synchronized (STARTED) {
      return STARTED.stream().filter(started -> started / 10 == round).limit(2).toList();
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static RoundOrder order(int round) {
    return new RoundOrder(
        round,
        Seed.of(1),
        new Choice<AdapterMethod>(new FullFineTuning.Provider(), new FullFineTuning.Config()),
        TRAINING,
        new byte[] {1, 2, 3});
  }
}
