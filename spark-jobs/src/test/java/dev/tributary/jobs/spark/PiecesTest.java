// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.junit.jupiter.api.Test;

class PiecesTest {
  private static final AtomicInteger ATTEMPTS = new AtomicInteger(); // tasks share this JVM

  private final Pieces pieces =
      new Pieces(
          new Executors(LocalSpark.context(), 1), e -> e instanceof UnsupportedOperationException);

  record Piece(int number, Optional<String> name) implements Serializable {}

  @Test
  void handsEveryResultOverOnceOnTheCallingThread() {
    Thread caller = Thread.currentThread();
    List<Piece> all =
        IntStream.range(0, 20).mapToObj(i -> new Piece(i, Optional.of("piece " + i))).toList();
    Map<Integer, String> results = new HashMap<>();
    pieces.run(
        "test",
        all,
        Piece.class,
        String.class,
        piece -> piece.name().orElse("nameless"),
        (place, result) -> {
          assertThat(Thread.currentThread()).isSameAs(caller);
          assertThat(results.put(place, result)).isNull();
        });
    assertThat(results).hasSize(20).containsEntry(0, "piece 0").containsEntry(19, "piece 19");
  }

  @Test
  void sendsAgainWhatAllShareWhereItIsLostAndRunsOnlyWhatIsLeft() {
    ATTEMPTS.set(0);
    List<Integer> received = new ArrayList<>();
    pieces.run(
        "test",
        List.of(1, 2, 3, 4, 5, 6),
        Integer.class,
        Integer.class,
        piece -> {
          if (piece == 6 && ATTEMPTS.getAndIncrement() < 4) { // as often as Spark tries
            throw new IllegalStateException("Failed to get broadcast_7_piece0 of broadcast_7");
          }
          return piece;
        },
        (place, result) -> {
          assertThat(result).isEqualTo(place + 1);
          received.add(result);
        });
    assertThat(received).containsExactlyInAnyOrder(1, 2, 3, 4, 5, 6);
    assertThat(ATTEMPTS).hasValue(5);
  }

  @Test
  void givesUpWhereItIsLostAgainAndAgain() {
    assertThatThrownBy(
            () ->
                pieces.run(
                    "test",
                    List.of(1, 2),
                    Integer.class,
                    Integer.class,
                    piece -> {
                      if (piece == 2) {
                        throw new IllegalStateException("Failed to get broadcast_7_piece0");
                      }
                      return piece;
                    },
                    (place, result) -> {}))
        .isInstanceOfSatisfying(
            Pieces.PieceFailedException.class, e -> assertThat(e.piece()).isEqualTo(1))
        .hasMessage("Failed to get broadcast_7_piece0");
  }

  @Test
  void runsNoJobForNoPieces() {
    pieces.run(
        "test", List.<Integer>of(), Integer.class, Integer.class, p -> p, (place, result) -> {});
  }

  @Test
  void triesAFailedPieceAgain() {
    List<Integer> results = new ArrayList<>();
    pieces.run(
        "test",
        List.of(1, 2),
        Integer.class,
        Integer.class,
        piece -> {
          int attempt = TaskContext.get().attemptNumber();
          if (piece == 2 && attempt < 3) {
            throw new IllegalStateException("this machine is tired");
          }
          return piece * 10 + attempt;
        },
        (place, result) -> results.add(result));
    assertThat(results).containsExactlyInAnyOrder(10, 23);
  }

  @Test
  void saysWhichPieceFailedAndWhyWhenAttemptsAreUsedUp() {
    assertThatThrownBy(
            () ->
                pieces.run(
                    "test",
                    List.of(5, 6, 7),
                    Integer.class,
                    Integer.class,
                    piece -> {
                      if (piece == 6) {
                        throw new IllegalStateException("no memory left");
                      }
                      return piece;
                    },
                    (place, result) -> {}))
        .isInstanceOfSatisfying(
            Pieces.PieceFailedException.class, e -> assertThat(e.piece()).isEqualTo(1))
        .hasMessage("no memory left")
        .hasRootCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void makesOneAttemptAtWhatFailsForGood() {
    ATTEMPTS.set(0);
    assertThatThrownBy(
            () ->
                pieces.run(
                    "test",
                    List.of(1),
                    Integer.class,
                    Integer.class,
                    piece -> {
                      ATTEMPTS.incrementAndGet();
                      throw new UnsupportedOperationException("the loss is not finite");
                    },
                    (place, result) -> {}))
        .isInstanceOf(Pieces.PieceFailedException.class)
        .hasMessage("the loss is not finite");
    assertThat(ATTEMPTS).hasValue(1);
  }

  @Test
  void passesOnWhatTheReceiverThrowsAndStopsTheJob() {
    assertThatThrownBy(
            () ->
                pieces.run(
                    "test",
                    List.of(1, 2, 3),
                    Integer.class,
                    Integer.class,
                    piece -> piece,
                    (place, result) -> {
                      throw new InputException("the disk is full");
                    }))
        .isInstanceOf(InputException.class)
        .hasMessage("the disk is full");
  }
}
