// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.checkpoint;

import dev.tributary.fl.hub.FetchListener;
import dev.tributary.jobs.progress.Progress;
import java.util.Locale;

/** Shows a download as other long work is shown: a step is a megabyte. */
final class FetchProgress implements FetchListener {
  private static final int MEGABYTE = 1 << 20;

  private final Progress progress;

  FetchProgress(Progress progress) {
    this.progress = progress;
  }

  @Override
  public void say(String text) {
    progress.say(text);
  }

  @Override
  public Fetch begin(String model, long bytes) {
    Progress.Task task =
        progress.task("Fetch " + model + " (MB)", (bytes + MEGABYTE - 1) / MEGABYTE);
    return new Fetch() {
      private final long startNanos = System.nanoTime();
      private long done; // bytes, with those that were there
      private long arrived;
      private long shown; // megabytes

      @Override
      public void found(long there) {
        done += there;
        show("");
      }

      @Override
      public void arrived(String file, long more) {
        done += more;
        arrived += more;
        if (done / MEGABYTE > shown) {
          double seconds = Math.max(1e-3, (System.nanoTime() - startNanos) / 1e9);
          show(String.format(Locale.ROOT, "%s, %.1f MB/s", file, arrived / seconds / MEGABYTE));
        }
      }

      private void show(String detail) {
        long megabytes = done / MEGABYTE;
        task.advance(megabytes - shown, detail);
        shown = megabytes;
      }

      @Override
      public void close() {
        task.close();
      }
    };
  }
}
