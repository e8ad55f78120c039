// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.round.ClientFailedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class FailureTest {
  @Test
  void wrongInputIsFoundBehindWhatSparkPutsAroundIt() {
    Failure failure =
        Failure.of(
            new RuntimeException(
                "Job aborted\n\tat org.apache.spark.X",
                new InputException("a.jsonl:3: not JSON; repair it")));

    assertThat(failure).isEqualTo(new Failure(2, "a.jsonl:3: not JSON; repair it", false));
  }

  @Test
  void ourOwnFailuresSpeakForThemselves() {
    Failure failure =
        Failure.of(
            new ClientFailedException(
                "client 3, round 7: the loss is not finite; lower the learning rate",
                new ArithmeticException()));

    assertThat(failure)
        .isEqualTo(
            new Failure(
                1, "client 3, round 7: the loss is not finite; lower the learning rate", false));
  }

  @Test
  void fullDisksAreNamedWithTheWayOut() {
    Failure failure =
        Failure.of(
            new UncheckedIOException(
                "Cannot write runs/a/ledger/7", new IOException("No space left on device")));

    assertThat(failure.exitCode()).isEqualTo(1);
    assertThat(failure.message())
        .startsWith("Cannot write runs/a/ledger/7\nThe disk is full: free some space")
        .endsWith("then give the same command again; what was finished is kept");
  }

  @Test
  void memoryIsNamedWithTheWayOut() {
    assertThat(Failure.of(new OutOfMemoryError("Java heap space")).message())
        .startsWith("Out of memory (Java heap space): the driver's Java heap has ")
        .contains("TRIBUTARY_DRIVER_MEMORY=8g");
  }

  @Test
  void filesAreNamed() {
    assertThat(Failure.of(new NoSuchFileException("a/b.json")).message())
        .isEqualTo("a/b.json: there is no such file");
    assertThat(
            Failure.of(
                    new UncheckedIOException(
                        "Cannot write c", new AccessDeniedException("a/b.json")))
                .message())
        .isEqualTo("Cannot write c: a/b.json: access is denied");
  }

  @Test
  void theUnexpectedSaysWhatItIsAndWhatCausedIt() {
    Failure failure =
        Failure.of(
            new IllegalStateException(
                "Job aborted due to stage failure\n\tat a.b.C(C.java:1)",
                new ArithmeticException("/ by zero")));

    assertThat(failure)
        .isEqualTo(
            new Failure(
                1,
                "Failed: IllegalStateException: Job aborted due to stage failure\n"
                    + "caused by / by zero",
                true));
  }
}
