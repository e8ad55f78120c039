// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Holds a run in the middle of its second round, with one answer on disk and the other clients in
 * training, until it is opened. The hook behind it comes with the extension's jar.
 */
record Gate(Path file) {
  /** A gate that is shut. */
  static Gate shut(Path directory, String name) {
    try {
      return new Gate(Files.writeString(directory.resolve(name + ".gate"), "shut"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The key of the experiment that puts it up. */
  String key() {
    return "training.hooks=[{name: waiting, file: " + file + "}]";
  }

  /** Waits until the run stands before it. */
  void reached(SparkCluster.Submission submission, Path ledger, Duration limit) {
    await(
        "the middle of the second round",
        submission,
        limit,
        () -> Files.exists(ledger.resolve("round=00001")) && answers(ledger) == 1);
  }

  void open() {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for what only a command that is under way brings about. */
  static void await(
      String what, SparkCluster.Submission submission, Duration limit, BooleanSupplier there) {
    SparkCluster.await(
        what,
        limit,
        () -> {
          if (!submission.process().isAlive()) {
            throw new IllegalStateException(
                "the command has ended\n" + submission.result(limit).log());
          }
          return there.getAsBoolean();
        });
  }

  private static long answers(Path ledger) {
    try (Stream<Path> updates = Files.list(ledger.resolve("open/updates"))) {
      return updates.filter(update -> !update.toString().endsWith(".tmp")).count();
    } catch (IOException e) {
      return 0; // between two rounds there is no such folder
    }
  }
}
