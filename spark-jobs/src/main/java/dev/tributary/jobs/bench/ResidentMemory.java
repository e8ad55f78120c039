// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** What this process has in memory, files that it maps included; only Linux tells. */
final class ResidentMemory {
  /** Steps around which it is compared, and how many on each side count. */
  private static final int EARLY = 200;

  private static final int AROUND = 50;

  private final List<Long> noted = new ArrayList<>();

  /** Notes what is resident now. */
  void note() {
    read("VmRSS:").ifPresent(noted::add);
  }

  /**
   * After 400 notes or more {@code resident_mb_at_200} and {@code resident_mb_at_end}: medians of
   * 100 notes around the 200th, and of the last 100. Empty otherwise.
   */
  Map<String, Object> atBeginningAndEnd() {
    int count = noted.size();
    return count < 2 * EARLY
        ? Map.of()
        : Map.of(
            "resident_mb_at_200", median(EARLY - AROUND, EARLY + AROUND),
            "resident_mb_at_end", median(count - 2 * AROUND, count));
  }

  private long median(int from, int to) {
    return noted.subList(from, to).stream().sorted().skip(AROUND).findFirst().orElseThrow() / 1024;
  }

  /** What is resident now. */
  static OptionalLong nowMegabytes() {
    OptionalLong now = read("VmRSS:");
    return now.isPresent() ? OptionalLong.of(now.getAsLong() / 1024) : now;
  }

  /** The most so far. */
  static OptionalLong peakMegabytes() {
    OptionalLong peak = read("VmHWM:");
    return peak.isPresent() ? OptionalLong.of(peak.getAsLong() / 1024) : peak;
  }

  /** In kB. */
  private static OptionalLong read(String key) {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return OptionalLong.empty();
    }
    try {
      return Files.readAllLines(status).stream()
          .filter(line -> line.startsWith(key))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty(); // not a Linux that tells
    }
  }
}
