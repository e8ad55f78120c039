// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JsonRecordsTest {
  @Test
  void givesEqualRowsBack() {
    List<EvaluationRow> figures =
        List.of(
            new EvaluationRow(
                3,
                "global",
                "loss",
                "test",
                Optional.of(4),
                "loss_per_token",
                Optional.of(0.1 + 0.2),
                Optional.empty(),
                Optional.of(Double.POSITIVE_INFINITY),
                5_000_000_000L,
                1,
                2,
                Optional.of(1319L),
                Optional.of("a part"),
                Double.NaN));
    assertThat(JsonRecords.rows(JsonRecords.lines(figures), EvaluationRow.class))
        .isEqualTo(figures);
    List<AnswerRow> answers =
        List.of(
            new AnswerRow(
                0,
                "global",
                "gsm8k",
                "gsm8k/0",
                0,
                "Q: \"two\n\u2028lines\"",
                "",
                Optional.empty(),
                "18",
                Optional.of(1.0),
                Optional.empty(),
                0,
                7,
                8));
    assertThat(JsonRecords.rows(JsonRecords.lines(answers), AnswerRow.class)).isEqualTo(answers);
  }

  @Test
  void refusesAnythingElse() {
    assertThatThrownBy(
            () -> JsonRecords.rows("{\"rou".getBytes(StandardCharsets.UTF_8), AnswerRow.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("not a row of AnswerRow: {\"rou");
  }
}
