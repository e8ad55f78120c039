// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Rows of a small run, for tests of tables and reports. */
public final class SampleRun {
  public static final Instant START = Instant.parse("2026-03-01T10:00:00Z");

  private SampleRun() {}

  public static RunRow run(int rounds, boolean finished) {
    return new RunRow(
        "1f".repeat(32),
        17,
        "federated",
        "fedavg",
        "lora",
        "models/tiny",
        "2e".repeat(32),
        "float32",
        "gsm8k",
        "uniform",
        "3d".repeat(32),
        3,
        7_000,
        460_800,
        rounds,
        finished ? rounds : rounds - 1,
        finished ? Optional.of(rounds) : Optional.empty(),
        finished ? Optional.of("4c".repeat(32)) : Optional.empty(),
        "cpu",
        1,
        "local[2]",
        "laptop",
        Optional.empty(),
        "0.1.0",
        "3.5.7",
        "17.0.15",
        START,
        finished ? Optional.of(START.plusSeconds(95)) : Optional.empty());
  }

  public static List<RoundRow> rounds(int rounds) {
    List<RoundRow> rows = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      rows.add(
          new RoundRow(
              round,
              3,
              0,
              2.5 - 0.1 * round,
              2.45 - 0.1 * round,
              360,
              90,
              40_000,
              12_000,
              5_529_600,
              5_529_600,
              4.25,
              0.1,
              0.05,
              "5b".repeat(32),
              START.plusSeconds(5L * round)));
    }
    return rows;
  }

  public static List<ClientRow> clients(int rounds) {
    List<ClientRow> rows = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      for (int client = 0; client < 3; client++) {
        rows.add(
            new ClientRow(
                round,
                client,
                120,
                1 / 3.0,
                120,
                2_300 + client,
                client == 2 ? 4 : 0,
                11,
                30,
                0,
                7,
                13_000,
                4_000,
                2.5 - 0.1 * round + 0.05 * client,
                2.45 - 0.1 * round + 0.05 * client,
                1_843_200,
                1_843_200,
                "driver",
                2.0 + client,
                900_000_000));
      }
    }
    return rows;
  }

  public static List<EvaluationRow> evaluations(int rounds) {
    List<EvaluationRow> rows = new ArrayList<>();
    for (int round = 0; round <= rounds; round += rounds) {
      double gain = round == 0 ? 0 : 0.3;
      rows.add(loss(round, Optional.empty(), 2.4 - gain));
      rows.add(loss(round, Optional.of(0), 2.3 - gain));
      rows.add(
          new EvaluationRow(
              round,
              "global",
              "gsm8k",
              "test",
              Optional.empty(),
              "accuracy",
              Optional.of(0.1 + gain),
              Optional.of(0.05 + gain),
              Optional.of(0.18 + gain),
              100,
              1,
              0,
              Optional.of(1319L),
              Optional.of("100 of 1,319 questions"),
              41.5));
    }
    return rows;
  }

  private static EvaluationRow loss(int round, Optional<Integer> client, double value) {
    return new EvaluationRow(
        round,
        "global",
        "loss",
        "validation",
        client,
        "loss_per_token",
        Optional.of(value),
        Optional.empty(),
        Optional.empty(),
        70,
        0,
        0,
        Optional.empty(),
        Optional.empty(),
        3.5);
  }

  public static List<AnswerRow> answers(int rounds) {
    List<AnswerRow> rows = new ArrayList<>();
    for (int round = 0; round <= rounds; round += rounds) {
      for (int question = 0; question < 4; question++) {
        boolean right = round > 0 && question < 2;
        rows.add(
            new AnswerRow(
                round,
                "global",
                "gsm8k",
                "gsm8k/" + question,
                0,
                "Q: How many <b>apples</b> & pears?\nA:",
                right ? " 3 + 4 = 7. The answer is 7." : " I do not know </script><script>",
                right ? Optional.of("7") : Optional.empty(),
                "7",
                question == 3 ? Optional.empty() : Optional.of(right ? 1.0 : 0.0),
                question == 3 ? Optional.of("out of memory") : Optional.empty(),
                0,
                812,
                24));
      }
    }
    return rows;
  }
}
