// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TerminalProgressTest {
  @Test
  void drawsOneLineAndLeavesTheSummary() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Progress progress =
        new TerminalProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), 100);

    try (Progress.Task task = progress.task("Train", 4)) {
      task.advance(3, "round 3/4");
      progress.say("a line of its own");
    }

    String drawn = bytes.toString(StandardCharsets.UTF_8);
    assertThat(drawn)
        .contains("Train")
        .contains("a line of its own\n")
        .endsWith("\r\u001b[2KTrain: 0 s\n");
  }
}
