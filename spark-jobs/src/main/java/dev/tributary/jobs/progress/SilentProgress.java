// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

/** Tells nobody. */
final class SilentProgress implements Progress {
  @Override
  public Task task(String name, long total) {
    return new Task() {
      @Override
      public void advance(long steps, String detail) {
        // Nobody listens.
      }

      @Override
      public void close() {
        // Nothing was opened.
      }
    };
  }

  @Override
  public void say(String text) {
    // Nobody listens.
  }
}
