// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

import java.util.ArrayList;
import java.util.List;

/** Keeps what it is told, for tests of jobs. */
public final class RecordedProgress implements Progress {
  private final List<String> events = new ArrayList<>();

  /**
   * What was told, in order: {@code begin Train 60}, {@code Train 3/60 round 1/20}, {@code end
   * Train 60/60}, {@code say TEXT}.
   */
  public synchronized List<String> events() {
    return List.copyOf(events);
  }

  private synchronized void note(String event) {
    events.add(event);
  }

  @Override
  public Task task(String name, long total) {
    note("begin " + name + " " + total);
    return new Task() {
      private long done;

      @Override
      public synchronized void advance(long steps, String detail) {
        done += steps;
        note((name + " " + done + "/" + total + " " + detail).strip());
      }

      @Override
      public synchronized void close() {
        note("end " + name + " " + done + "/" + total);
      }
    };
  }

  @Override
  public void say(String text) {
    note("say " + text);
  }
}
