// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.hub.FetchListener;
import dev.tributary.jobs.progress.RecordedProgress;
import org.junit.jupiter.api.Test;

class FetchProgressTest {
  private static final long MEGABYTE = 1 << 20;

  @Test
  void countsMegabytesAndTellsTheSpeedOfWhatArrives() {
    RecordedProgress progress = new RecordedProgress();
    try (FetchListener.Fetch fetch =
        new FetchProgress(progress).begin("org/tiny", 10 * MEGABYTE + 1)) {
      fetch.found(4 * MEGABYTE);
      for (int i = 0; i < 6; i++) {
        fetch.arrived("a.safetensors", MEGABYTE / 2);
      }
    }
    assertThat(progress.events().subList(0, 2))
        .containsExactly("begin Fetch org/tiny (MB) 11", "Fetch org/tiny (MB) 4/11");
    assertThat(progress.events().subList(2, 5))
        .allMatch(e -> e.matches("Fetch org/tiny \\(MB\\) [567]/11 a\\.safetensors, [0-9.]+ MB/s"));
    assertThat(progress.events().get(5)).isEqualTo("end Fetch org/tiny (MB) 7/11");
  }
}
