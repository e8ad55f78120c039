// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.jobs.progress.TimeLeft;
import dev.tributary.jobs.table.RoundRow;
import dev.tributary.jobs.table.RunRow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A run's figures as text: what was run, a table of rounds, scores before and after. */
public final class ReportText {
  private ReportText() {}

  public static String of(RunContents run) {
    StringBuilder text = new StringBuilder();
    text.append(run.experiment()).append(" in ").append(run.directory()).append(": ");
    text.append(run.state()).append('\n');
    run.run().ifPresent(row -> text.append(what(row)));
    run.note().ifPresent(note -> text.append("  Note: ").append(note.strip()).append('\n'));
    if (!run.rounds().isEmpty()) {
      text.append('\n').append(rounds(run));
    }
    List<Comparison> comparisons = Comparison.all(run);
    if (comparisons.isEmpty()) {
      text.append("\nNothing was evaluated.\n");
    } else {
      text.append('\n').append(scores(run, comparisons));
    }
    return text.toString();
  }

  private static String what(RunRow run) {
    return String.format(
        Locale.ROOT,
        "  %s %s, %s with %,d trained numbers, on %s (%s)%n"
            + "  %s dealt out by %s to %,d clients, %,d training examples%n"
            + "  seed %d, %s, %d thread%s a client, Spark %s%n",
        run.scenario(),
        run.algorithm(),
        run.adapterMethod(),
        run.trainedParameters(),
        run.checkpoint(),
        run.dtype(),
        run.corpus(),
        run.splitter(),
        run.clients(),
        run.trainExamples(),
        run.seed(),
        run.device(),
        run.threadsPerClient(),
        run.threadsPerClient() == 1 ? "" : "s",
        run.master());
  }

  private static String rounds(RunContents run) {
    List<Comparison.Figure> figures = firstOfEachTask(Comparison.figures(run));
    List<String> head = new ArrayList<>(List.of("round", "clients", "training loss"));
    figures.forEach(figure -> head.add(column(figure)));
    head.add("seconds");
    TextTable table = new TextTable(head);
    if (run.evaluations().stream().anyMatch(row -> row.round() == 0)) {
      List<String> row = new ArrayList<>(List.of("0", "", ""));
      figures.forEach(figure -> row.add(value(run, figure, 0)));
      row.add("");
      table.add(row);
    }
    for (RoundRow round : run.rounds()) {
      List<String> row = new ArrayList<>();
      row.add(Integer.toString(round.round()));
      row.add(Integer.toString(round.clients()));
      row.add(String.format(Locale.ROOT, "%.4f", round.meanLoss()));
      figures.forEach(figure -> row.add(value(run, figure, round.round())));
      row.add(String.format(Locale.ROOT, "%.1f", round.trainSeconds() + round.aggregateSeconds()));
      table.add(row);
    }
    double seconds =
        run.rounds().stream().mapToDouble(r -> r.trainSeconds() + r.aggregateSeconds()).sum();
    return table
        + "Training took "
        + TimeLeft.text(Duration.ofMillis(Math.round(seconds * 1000)))
        + ", without evaluations.\n";
  }

  /** A task may have several metrics; the first is what it is judged by. */
  private static List<Comparison.Figure> firstOfEachTask(List<Comparison.Figure> figures) {
    Map<String, Comparison.Figure> first = new LinkedHashMap<>();
    figures.forEach(figure -> first.putIfAbsent(column(figure), figure));
    return List.copyOf(first.values());
  }

  private static String column(Comparison.Figure figure) {
    String owner = figure.adapter().equals("global") ? "" : ", " + figure.adapter();
    return figure.task() + " on " + figure.split() + owner;
  }

  private static String value(RunContents run, Comparison.Figure figure, int round) {
    return Comparison.curve(run, figure).stream()
        .filter(row -> row.round() == round)
        .map(EvaluationRow::value)
        .flatMap(Optional::stream)
        .map(value -> String.format(Locale.ROOT, "%.4f", value))
        .findFirst()
        .orElse("");
  }

  private static String scores(RunContents run, List<Comparison> comparisons) {
    String after =
        run.chosenRound().isPresent()
            ? "after round " + run.chosenRound().getAsInt()
            : "after training";
    TextTable table = new TextTable(List.of("score", "before", after, "change", "instances"));
    List<String> notices = new ArrayList<>();
    for (Comparison comparison : comparisons) {
      String instances =
          comparison
              .after()
              .or(comparison::before)
              .map(row -> String.format(Locale.ROOT, "%,d", row.instances()))
              .orElse("");
      table.add(
          List.of(
              comparison.figure().title(),
              Comparison.text(comparison.before()),
              Comparison.text(comparison.after()),
              comparison.change(),
              instances));
      comparison
          .notices()
          .forEach(notice -> notices.add("  " + comparison.figure().task() + ": " + notice));
    }
    StringBuilder text = new StringBuilder(table.toString());
    text.append("Intervals in brackets are 95 % intervals.\n");
    notices.stream().distinct().forEach(notice -> text.append(notice).append('\n'));
    return text.toString();
  }
}
