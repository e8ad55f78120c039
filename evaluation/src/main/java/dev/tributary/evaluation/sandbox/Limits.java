// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.sandbox;

import dev.tributary.fl.config.Faults;
import java.time.Duration;

/**
 * What a program may take. A program that takes more is killed, with all that it has started.
 *
 * @param cpu computing time of each of its processes; what neighbours do does not shorten it
 * @param wall from start to end, for those that wait for ever
 * @param memoryBytes resident, all its processes together. Address space is not limited: Node.js,
 *     Go and Java reserve far more than they use
 * @param processes at once, threads counted where the system counts them
 * @param fileBytes of one file
 * @param diskBytes of all files together, where it has a disk of its own
 * @param outputBytes of standard output and error together
 */
public record Limits(
    Duration cpu,
    Duration wall,
    long memoryBytes,
    int processes,
    long fileBytes,
    long diskBytes,
    long outputBytes) {
  /** For a script that tests a function: 10 s of computing, 1 GiB. */
  public static final Limits SCRIPT =
      new Limits(
          Duration.ofSeconds(10),
          Duration.ofSeconds(60),
          1L << 30,
          64,
          16L << 20,
          64L << 20,
          1L << 20);

  /** For what is compiled first: 60 s of computing, 2 GiB, room for what compilers write. */
  public static final Limits COMPILED =
      new Limits(
          Duration.ofSeconds(60),
          Duration.ofSeconds(180),
          2L << 30,
          512,
          256L << 20,
          1L << 30,
          1L << 20);

  public Limits {
    new Faults()
        .check(cpu.toSeconds() >= 1, "cpu", cpu, "give a second or more")
        .check(wall.compareTo(cpu) >= 0, "wall", wall, "give as much as cpu, or more")
        .check(memoryBytes > 0, "memory-bytes", memoryBytes, "give more than 0")
        .check(processes > 0, "processes", processes, "give 1 or more")
        .check(fileBytes > 0, "file-bytes", fileBytes, "give more than 0")
        .check(diskBytes > 0, "disk-bytes", diskBytes, "give more than 0")
        .check(outputBytes > 0, "output-bytes", outputBytes, "give more than 0")
        .throwIfAny();
  }
}
