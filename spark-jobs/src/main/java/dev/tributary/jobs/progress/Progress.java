// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

/**
 * Tells the user how far long work is. Jobs on the driver call it; several threads may.
 *
 * <pre>{@code
 * try (Progress.Task task = progress.task("Train", rounds * clients)) {
 *   task.advance(1, "round 3/20, loss 1.234");
 * }
 * }</pre>
 */
public interface Progress {
  /**
   * Begins a piece of work; tasks follow each other or stand inside each other.
   *
   * @param name a word or two, e.g. {@code Train}
   * @param total steps that it takes; 0 where it is not known
   */
  Task task(String name, long total);

  /** Says something once, on lines of its own: a row of a table, where a file lies. */
  void say(String text);

  /** A piece of work that is going on; closing it ends it, whether or not all steps were taken. */
  interface Task extends AutoCloseable {
    /**
     * @param steps taken since the last call, 0 or more
     * @param detail what is shown beside the bar, e.g. {@code round 3/20, loss 1.234}
     */
    void advance(long steps, String detail);

    default void advance(long steps) {
      advance(steps, "");
    }

    @Override
    void close();
  }

  /** Tells nobody. */
  static Progress silent() {
    return new SilentProgress();
  }
}
