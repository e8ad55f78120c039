// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.fl.ledger.LedgerEntry;
import dev.tributary.fl.ledger.LedgerEntry.ClientRow;
import dev.tributary.fl.message.ClientReport;
import dev.tributary.fl.message.MessageSizes;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoundBenchTest {
  private static final ClientReport REPORT =
      new ClientReport(8, 8, 0, 0, 2, 0, 0, 2, 100, 50, 2.0, 1.9, List.of(2.0, 1.8));

  @Test
  void whatTheBusiestExecutorDidNotComputeIsOverhead() {
    List<LedgerEntry> entries =
        List.of(
            entry(1, "10:00:30", client("a", 9), client("b", 9)), // start-up; not counted
            entry(2, "10:00:34", client("a", 1), client("b", 2), client("b", 1.5)),
            entry(3, "10:00:38", client("a", 3.25), client("b", 1)),
            entry(4, "10:00:44", client("a", 1), client("b", 1)));

    assertThat(RoundBench.figures(entries, 2))
        .isEqualTo(
            Map.of(
                "round_seconds_median", 4.0,
                "compute_seconds_median", 3.25,
                "overhead_seconds_median", 0.75,
                "overhead_seconds_max", 5.0));
  }

  @Test
  void anExecutorsSlotsShareItsClients() {
    List<LedgerEntry> entries =
        List.of(
            entry(1, "10:00:00", client("driver", 1)),
            entry(2, "10:00:04", client("driver", 2), client("driver", 2), client("driver", 2)));

    assertThat(RoundBench.figures(entries, 2)).containsEntry("overhead_seconds_median", 1.0);
    assertThat(RoundBench.figures(entries, 4)).containsEntry("compute_seconds_median", 2.0);
  }

  private static final MessageSizes SIZES = new MessageSizes(80, "float32", 80, "", 80, 0, 100);

  private static LedgerEntry entry(int round, String time, ClientRow... clients) {
    return new LedgerEntry(
        LedgerEntry.VERSION,
        round,
        "federated",
        "fedavg",
        List.of(clients),
        List.of(),
        2.0,
        1.9,
        List.of(),
        SIZES,
        "ab",
        Map.of(),
        2,
        1.0,
        0.1,
        "2026-03-01T" + time + "Z");
  }

  private static ClientRow client(String executor, double seconds) {
    return new ClientRow(0, 8, 0.5, REPORT, 100, 100, SIZES, executor, seconds, 1 << 20);
  }
}
