// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Lines for logs and pipes: one where a task begins, one now and then, one where it ends unless
 * that is at once. The pause between lines grows with the age of the task, so that a long night
 * does not fill a log.
 */
public final class PlainProgress implements Progress {
  private static final long FIRST_PAUSE_MILLIS = 5_000;
  private static final long LONGEST_PAUSE_MILLIS = 60_000;

  private final PrintStream out;
  private final LongSupplier clock;

  public PlainProgress(PrintStream out) {
    this(out, () -> System.nanoTime() / 1_000_000);
  }

  /**
   * @param clock milliseconds that never go back
   */
  PlainProgress(PrintStream out, LongSupplier clock) {
    this.out = out;
    this.clock = clock;
  }

  @Override
  public Task task(String name, long total) {
    return new PlainTask(name, total);
  }

  @Override
  public void say(String text) {
    out.println(text);
    out.flush();
  }

  private final class PlainTask implements Task {
    private final String name;
    private final long total;
    private final long start = clock.getAsLong();
    private long done;
    private long nextLine = start + FIRST_PAUSE_MILLIS;
    private boolean open = true;

    PlainTask(String name, long total) {
      this.name = name;
      this.total = total;
      say(name + ": begins");
    }

    @Override
    public synchronized void advance(long steps, String detail) {
      done += steps;
      long now = clock.getAsLong();
      if (now < nextLine) {
        return;
      }
      long age = now - start;
      nextLine = now + Math.min(LONGEST_PAUSE_MILLIS, Math.max(FIRST_PAUSE_MILLIS, age / 4));
      Optional<Duration> left = TimeLeft.estimate(done, total, Duration.ofMillis(age));
      say(
          name
              + ": "
              + (total > 0 ? done + " of " + total + " (" + 100 * done / total + " %)" : "" + done)
              + left.map(d -> ", about " + TimeLeft.text(d) + " left").orElse("")
              + (detail.isBlank() ? "" : "; " + detail));
    }

    @Override
    public synchronized void close() {
      if (open) {
        open = false;
        long age = clock.getAsLong() - start;
        if (age >= FIRST_PAUSE_MILLIS) {
          say(name + ": " + TimeLeft.text(Duration.ofMillis(age)));
        }
      }
    }
  }
}
