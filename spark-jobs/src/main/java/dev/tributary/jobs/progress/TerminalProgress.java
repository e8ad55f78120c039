// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

import java.io.PrintStream;
import java.nio.charset.Charset;
import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** One line with a bar that is drawn again and again; for terminals. */
public final class TerminalProgress implements Progress {
  private static final int REDRAW_MILLIS = 250;
  private static final String ERASE_LINE = "\r\u001b[2K";

  private final PrintStream out;
  private final int columns;
  private final ProgressBarStyle style;

  /**
   * @param out the terminal
   * @param columns its width in characters
   */
  public TerminalProgress(PrintStream out, int columns) {
    this.out = out;
    this.columns = columns;
    boolean blocks = Charset.defaultCharset().newEncoder().canEncode('\u2588');
    this.style = blocks ? ProgressBarStyle.UNICODE_BLOCK : ProgressBarStyle.ASCII;
  }

  @Override
  public Task task(String name, long total) {
    return new Bar(name, total);
  }

  @Override
  public void say(String text) {
    // The bar, if there is one, is drawn anew below.
    out.print(ERASE_LINE);
    out.println(text);
    out.flush();
  }

  private final class Bar implements Task {
    private final String name;
    private final long start = System.nanoTime();
    private final ProgressBar bar;
    private boolean open = true;

    Bar(String name, long total) {
      this.name = name;
      this.bar =
          new ProgressBarBuilder()
              .setTaskName(name)
              .setInitialMax(total > 0 ? total : -1)
              .setStyle(style)
              .setUpdateIntervalMillis(REDRAW_MILLIS)
              .setConsumer(new ConsoleProgressBarConsumer(out, Math.max(40, columns - 1)))
              .clearDisplayOnFinish()
              .build();
    }

    @Override
    public synchronized void advance(long steps, String detail) {
      bar.stepBy(steps);
      if (!detail.isBlank()) {
        bar.setExtraMessage(" " + detail);
      }
    }

    @Override
    public synchronized void close() {
      if (open) {
        open = false;
        bar.close();
        say(name + ": " + TimeLeft.text(Duration.ofNanos(System.nanoTime() - start)));
      }
    }
  }
}
