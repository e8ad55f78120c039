// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PlainProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final AtomicLong millis = new AtomicLong();
  private final Progress progress =
      new PlainProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), millis::get);

  @Test
  void writesLinesAtIntervalsWithTheTimeLeft() {
    try (Progress.Task task = progress.task("Train", 20)) {
      millis.set(1_000);
      task.advance(1, "round 1/20");
      millis.set(6_000);
      task.advance(3, "round 4/20, loss 1.234");
      millis.set(7_000);
      task.advance(1);
      millis.set(130_000);
      task.advance(5);
    }

    assertThat(lines())
        .containsExactly(
            "Train: begins",
            "Train: 4 of 20 (20 %), about 24 s left; round 4/20, loss 1.234",
            "Train: 10 of 20 (50 %), about 2 min 10 s left",
            "Train: 2 min 10 s");
  }

  @Test
  void doesNotGuessWhereTheTotalIsNotKnown() {
    try (Progress.Task task = progress.task("Read", 0)) {
      millis.set(5_000);
      task.advance(7);
    }
    progress.say("done");

    assertThat(lines()).containsExactly("Read: begins", "Read: 7", "Read: 5 s", "done");
  }

  @Test
  void endsATaskOnce() {
    Progress.Task task = progress.task("Read", 3);
    millis.set(8_000);
    task.close();
    task.close();

    assertThat(lines()).containsExactly("Read: begins", "Read: 8 s");
  }

  @Test
  void hasOneLineForATaskThatIsDoneAtOnce() {
    progress.task("Read", 3).close();

    assertThat(lines()).containsExactly("Read: begins");
  }

  @Test
  void writesDurationsInTheUnitsOfTheirSize() {
    assertThat(TimeLeft.text(Duration.ofMillis(499))).isEqualTo("0 s");
    assertThat(TimeLeft.text(Duration.ofSeconds(59))).isEqualTo("59 s");
    assertThat(TimeLeft.text(Duration.ofMillis(59_700))).isEqualTo("1 min 0 s");
    assertThat(TimeLeft.text(Duration.ofSeconds(7_520))).isEqualTo("2 h 5 min");
  }

  private java.util.List<String> lines() {
    return bytes.toString(StandardCharsets.UTF_8).lines().toList();
  }
}
