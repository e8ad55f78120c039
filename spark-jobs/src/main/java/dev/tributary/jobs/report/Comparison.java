// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.evaluation.EvaluationRow;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A figure before training and after it, over all clients' data.
 *
 * @param figure what was measured
 * @param before empty if it was not measured
 * @param after of the chosen round; empty if it was not measured
 */
record Comparison(Figure figure, Optional<EvaluationRow> before, Optional<EvaluationRow> after) {
  /** What identifies a curve: what is measured, on what, of which adapter. */
  record Figure(String adapter, String task, String split, String metric) {
    static Figure of(EvaluationRow row) {
      return new Figure(row.adapter(), row.task(), row.split(), row.metric());
    }

    /** Before training there is one adapter for all, whoever owns one later. */
    boolean covers(EvaluationRow row) {
      return row.client().isEmpty()
          && row.task().equals(task)
          && row.split().equals(split)
          && row.metric().equals(metric)
          && (row.adapter().equals(adapter) || row.round() == 0);
    }

    String title() {
      return task
          + " on "
          + split
          + ": "
          + metric.replace('_', ' ')
          + (adapter.equals("global") ? "" : " (adapter of " + adapter + ")");
    }
  }

  /** All figures of a run, in the order they were measured. */
  static List<Figure> figures(RunContents run) {
    Set<Figure> figures = new LinkedHashSet<>();
    run.evaluations().stream()
        .filter(row -> row.client().isEmpty())
        .map(Figure::of)
        .forEach(figures::add);
    // Where clients have adapters of their own, the one before training belongs to their curves.
    boolean own = figures.stream().anyMatch(figure -> figure.adapter().startsWith("client="));
    return figures.stream().filter(f -> !own || f.adapter().startsWith("client=")).toList();
  }

  static List<Comparison> all(RunContents run) {
    List<Comparison> all = new ArrayList<>();
    for (Figure figure : figures(run)) {
      all.add(
          new Comparison(
              figure,
              at(run, figure, 0),
              run.chosenRound().isPresent()
                  ? at(run, figure, run.chosenRound().getAsInt())
                  : Optional.empty()));
    }
    return all;
  }

  private static Optional<EvaluationRow> at(RunContents run, Figure figure, int round) {
    return run.evaluations().stream()
        .filter(row -> row.round() == round && figure.covers(row))
        .findFirst();
  }

  /** The measured values of a figure, by round. */
  static List<EvaluationRow> curve(RunContents run, Figure figure) {
    return run.evaluations().stream().filter(figure::covers).toList();
  }

  /** {@code 0.4000 [0.31, 0.50]}, or why there is none. */
  static String text(Optional<EvaluationRow> row) {
    if (row.isEmpty()) {
      return "not measured";
    }
    EvaluationRow measured = row.get();
    if (measured.value().isEmpty()) {
      return "no score";
    }
    String value = String.format(Locale.ROOT, "%.4f", measured.value().get());
    return measured.low().isPresent() && measured.high().isPresent()
        ? value
            + String.format(
                Locale.ROOT, " [%.4f, %.4f]", measured.low().get(), measured.high().get())
        : value;
  }

  String change() {
    Optional<Double> from = before.flatMap(EvaluationRow::value);
    Optional<Double> to = after.flatMap(EvaluationRow::value);
    return from.isPresent() && to.isPresent()
        ? String.format(Locale.ROOT, "%+.4f", to.get() - from.get())
        : "";
  }

  /** What must be said with the figures. */
  Set<String> notices() {
    Set<String> notices = new LinkedHashSet<>();
    for (Optional<EvaluationRow> row : List.of(before, after)) {
      row.flatMap(EvaluationRow::notice).ifPresent(notices::add);
      row.filter(r -> r.notRun() > 0)
          .ifPresent(r -> notices.add(r.notRun() + " could not be run after round " + r.round()));
    }
    return notices;
  }
}
