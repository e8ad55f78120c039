// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Estimates how long work will still take, and writes durations. */
public final class TimeLeft {
  private TimeLeft() {}

  /**
   * The pace so far, carried on.
   *
   * @param done steps taken
   * @param total steps in all; 0 where it is not known
   */
  static Optional<Duration> estimate(long done, long total, Duration elapsed) {
    if (done <= 0 || total <= 0) {
      return Optional.empty();
    }
    double share = Math.max(0, (double) (total - done) / done);
    return Optional.of(Duration.ofMillis(Math.round(elapsed.toMillis() * share)));
  }

  /** {@code 7 s}, {@code 3 min 20 s}, {@code 2 h 5 min}. */
  public static String text(Duration duration) {
    long seconds = (duration.toMillis() + 500) / 1000;
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return String.format(Locale.ROOT, "%d min %d s", seconds / 60, seconds % 60);
    }
    long minutes = (seconds + 30) / 60;
    return String.format(Locale.ROOT, "%d h %d min", minutes / 60, minutes % 60);
  }
}
