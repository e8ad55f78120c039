// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.SparkEnv;

/** What tables say of the process that a task ran in. */
public final class ExecutorProcess {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ExecutorProcess() {}

  /** Spark's number of the executor and its machine: {@code 0@worker-3}. */
  static String name() {
    SparkEnv environment = SparkEnv.get();
    return environment == null
        ? ""
        : environment.executorId() + "@" + environment.blockManager().blockManagerId().host();
  }

  /** Spark's number of the executor; {@code driver} in local mode. */
  static String id() {
    SparkEnv environment = SparkEnv.get();
    return environment == null ? "" : environment.executorId();
  }

  /** Most resident memory since the process began; 0 where the system does not tell. */
  public static long peakMemoryBytes() {
    if (!Files.isReadable(STATUS)) {
      return 0;
    }
    try {
      List<String> lines = Files.readAllLines(STATUS);
      return lines.stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0; // a figure in a table, not worth a failure
    }
  }
}
