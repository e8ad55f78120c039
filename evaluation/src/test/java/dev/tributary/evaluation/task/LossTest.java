// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.ScriptedModel;
import dev.tributary.evaluation.SplitMeasurement;
import dev.tributary.evaluation.SplitTask.ClientMeasurement;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.text.EncodedExample;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.math3.distribution.TDistribution;
import org.junit.jupiter.api.Test;

class LossTest {
  private static final Measured RUN = new Measured(2, Measured.GLOBAL, 0.3);
  private static final EncodedExample SHORT = example("short", 2, 5, 5, 1, 4); // labels 1, 4
  private static final EncodedExample LONG = example("long", 2, 5, 6, 2, 2, 2, 6); // 2, 2, 2, 6
  private static final EncodedExample THIRD = example("third", 1, 5, 3); // label 3
  private static final EncodedExample EMPTY = example("empty", 3, 5, 5, 5);

  private static EncodedExample example(String id, int promptTokens, int... tokens) {
    return new EncodedExample(id, tokens, promptTokens);
  }

  private static ScriptedModel model() {
    return new ScriptedModel(100, prompt -> prompt).loss((token, target) -> target);
  }

  private static Loss task(int batchSize) {
    return new Loss(new Loss.Config("validation", batchSize, "loss"));
  }

  private static List<EvaluationRow> rows(ScriptedModel model, List<List<EncodedExample>> clients) {
    List<ClientMeasurement> measured = new ArrayList<>();
    for (int c = 0; c < clients.size(); c++) {
      measured.add(
          new ClientMeasurement(c, task(2).measure(model, ScriptedModel.WEIGHTS, clients.get(c))));
    }
    return task(2).rows(RUN, measured);
  }

  private static EvaluationRow row(
      List<EvaluationRow> rows, Optional<Integer> client, String metric) {
    return rows.stream()
        .filter(r -> r.client().equals(client) && r.metric().equals(metric))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void tokensAndExamplesAreWeighedAsTheirNamesSay() {
    List<EvaluationRow> rows = rows(model(), List.of(List.of(SHORT, EMPTY), List.of(LONG, THIRD)));

    // Losses 5 of 2 labels, 12 of 4, 3 of 1.
    EvaluationRow perToken = row(rows, Optional.empty(), "loss_per_token");
    EvaluationRow perExample = row(rows, Optional.empty(), "loss_per_example");
    assertThat(perToken.value().orElseThrow()).isCloseTo(20.0 / 7, within(1e-12));
    assertThat(perExample.value().orElseThrow()).isCloseTo((2.5 + 3 + 3) / 3, within(1e-12));
    assertThat(row(rows, Optional.empty(), "perplexity").value().orElseThrow())
        .isCloseTo(Math.exp(20.0 / 7), within(1e-9));
    assertThat(perToken.instances()).isEqualTo(3);
    assertThat(perToken.skipped()).isEqualTo(1);
    assertThat(perToken.round()).isEqualTo(2);
    assertThat(perToken.split()).isEqualTo("validation");
    assertThat(row(rows, Optional.of(0), "loss_per_token").value()).contains(2.5);
    assertThat(row(rows, Optional.of(0), "loss_per_token").skipped()).isEqualTo(1);
    assertThat(row(rows, Optional.of(1), "loss_per_token").value()).contains(3.0);
    assertThat(rows).hasSize(9);
    assertThat(rows.get(0)).isEqualTo(perToken);
  }

  @Test
  void intervalsAreStudentsOverExamples() {
    List<EvaluationRow> rows = rows(model(), List.of(List.of(SHORT, LONG, THIRD)));
    double t = new TDistribution(2).inverseCumulativeProbability(0.975);

    double mean = 8.5 / 3;
    double deviation = Math.sqrt((Math.pow(2.5 - mean, 2) + 2 * Math.pow(3 - mean, 2)) / 2);
    EvaluationRow perExample = row(rows, Optional.empty(), "loss_per_example");
    assertThat(perExample.low().orElseThrow())
        .isCloseTo(mean - t * deviation / Math.sqrt(3), within(1e-9));

    double ratio = 20.0 / 7;
    double squares =
        Math.pow(5 - 2 * ratio, 2) + Math.pow(12 - 4 * ratio, 2) + Math.pow(3 - ratio, 2);
    double half = t * Math.sqrt(squares * 3 / 2) / 7;
    EvaluationRow perToken = row(rows, Optional.empty(), "loss_per_token");
    EvaluationRow perplexity = row(rows, Optional.empty(), "perplexity");
    assertThat(perToken.high().orElseThrow()).isCloseTo(ratio + half, within(1e-9));
    assertThat(perplexity.low().orElseThrow()).isCloseTo(Math.exp(ratio - half), within(1e-9));
  }

  @Test
  void theServersExamplesAreOneFigureAndNoClients() {
    Loss loss = new Loss(new Loss.Config("server", 2, "loss"));
    List<EvaluationRow> rows =
        loss.rows(
            RUN,
            List.of(
                new ClientMeasurement(
                    -1,
                    loss.measure(model(), ScriptedModel.WEIGHTS, List.of(SHORT, LONG, THIRD)))));
    assertThat(rows).hasSize(3).allMatch(row -> row.client().isEmpty());
    assertThat(rows.get(0).value().orElseThrow()).isCloseTo(20.0 / 7, within(1e-12));
    assertThat(rows.get(0).split()).isEqualTo("server");
  }

  @Test
  void oneExampleHasNoInterval() {
    EvaluationRow row = row(rows(model(), List.of(List.of(SHORT))), Optional.empty(), "perplexity");

    assertThat(row.value()).isPresent();
    assertThat(row.low()).isEmpty();
  }

  @Test
  void batchesAreConsecutiveExamplesOfTheFile() {
    ScriptedModel model = model();

    SplitMeasurement measured =
        task(2).measure(model, ScriptedModel.WEIGHTS, List.of(SHORT, EMPTY, LONG, THIRD));

    assertThat(model.evaluated)
        .extracting(b -> b.labelsPerExample())
        .containsExactly(new int[] {2, 4}, new int[] {1});
    assertThat(measured.sums())
        .isEqualTo(
            task(3)
                .measure(model(), ScriptedModel.WEIGHTS, List.of(SHORT, LONG, EMPTY, THIRD))
                .sums());
  }

  @Test
  void anExampleThatFailsIsCountedAndTheOthersAreMeasured() {
    ScriptedModel model =
        model()
            .beforeEvaluating(
                batch -> {
                  if (batch.labelsPerExample().length > 1 || batch.labels() == 1) {
                    throw new IllegalStateException("no memory");
                  }
                });

    List<EvaluationRow> rows = rows(model, List.of(List.of(SHORT, LONG, SHORT, THIRD)));

    EvaluationRow all = row(rows, Optional.empty(), "loss_per_token");
    assertThat(all.value()).contains(22.0 / 8);
    assertThat(all.notRun()).isEqualTo(1);
    assertThat(all.notice())
        .contains(
            "1 examples were not run, e.g. third: java.lang.IllegalStateException: no memory");
  }

  @Test
  void tooManyFailuresLeaveNoFigure() {
    ScriptedModel model =
        model()
            .beforeEvaluating(
                batch -> {
                  throw new IllegalStateException("no memory");
                });

    EvaluationRow row =
        row(rows(model, List.of(List.of(SHORT))), Optional.empty(), "loss_per_example");

    assertThat(row.value()).isEmpty();
    assertThat(row.notice())
        .contains(
            "no figure, since more than 0.3 could not be run: 1 examples were not run, e.g."
                + " short: java.lang.IllegalStateException: no memory");
  }

  @Test
  void aDivergedModelHasNoFigureAndTheRowSaysSo() {
    ScriptedModel model = model().loss((token, target) -> Double.NaN);

    EvaluationRow row =
        row(rows(model, List.of(List.of(SHORT, LONG))), Optional.empty(), "loss_per_token");

    assertThat(row.value()).isEmpty();
    assertThat(row.low()).isEmpty();
    assertThat(row.notice())
        .contains("the loss is not finite: training has diverged, or numbers overflow");
  }

  @Test
  void clientsWithoutExamplesHaveEmptyRows() {
    EvaluationRow row = row(rows(model(), List.of(List.of())), Optional.of(0), "loss_per_token");

    assertThat(row.value()).isEmpty();
    assertThat(row.instances()).isZero();
    assertThat(row.notice()).isEmpty();
  }

  @Test
  void refusesSplitsThatAreNotHeldOut() {
    assertThatThrownBy(() -> new Loss.Config("train", 0, " "))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll(
            "split = train is not valid; choose validation, test or server",
            "batch-size = 0 is not valid; give 1 or more, e.g. 8",
            "label =   is not valid");
  }
}
