// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Ends a connection that is open and sends nothing: the HTTP client waits for an answer's beginning
 * with a limit, and for its bytes without one.
 */
final class Silence implements AutoCloseable {
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "hub-silence");
            thread.setDaemon(true);
            return thread;
          });
  private volatile long lastNanos = System.nanoTime();

  private Silence() {}

  /** Closes {@code body}, which wakes its reader with an exception, after so long a silence. */
  @SuppressWarnings("FutureReturnValueIgnored") // ends with the clock
  static Silence watch(InputStream body, Duration longest) {
    Silence silence = new Silence();
    long tick = Math.max(1, longest.toMillis() / 4);
    silence.clock.scheduleWithFixedDelay(
        () -> {
          if (System.nanoTime() - silence.lastNanos > longest.toNanos()) {
            closeQuietly(body);
          }
        },
        tick,
        tick,
        TimeUnit.MILLISECONDS);
    return silence;
  }

  private static void closeQuietly(InputStream body) {
    try {
      body.close();
    } catch (IOException e) {
      return; // its reader is told
    }
  }

  /** Something has arrived. */
  void broken() {
    lastNanos = System.nanoTime();
  }

  @Override
  public void close() {
    clock.shutdownNow();
  }
}
