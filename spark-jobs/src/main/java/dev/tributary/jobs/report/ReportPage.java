// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.jobs.progress.TimeLeft;
import dev.tributary.jobs.table.ClientRow;
import dev.tributary.jobs.table.RoundRow;
import dev.tributary.jobs.table.RunRow;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The {@link Page} of one run or several; its script draws curves and searches answers. */
final class ReportPage {
  /** More answers than these make pages that browsers open slowly; the table has all of them. */
  private static final int MOST_ANSWERS = 2_000;

  private static final int MOST_PROMPT_CHARACTERS = 700;
  private static final int MOST_OUTPUT_CHARACTERS = 3_000;

  /** Curves of more clients than these cannot be told apart. */
  private static final int MOST_CLIENT_CURVES = 24;

  private final Page page = new Page();
  private final StringBuilder body = page.body();

  private ReportPage() {}

  static String html(List<RunContents> runs) {
    ReportPage report = new ReportPage();
    runs.forEach(report::add);
    return report.page.html(
        runs.stream().map(RunContents::experiment).collect(Collectors.joining(", ")));
  }

  private void add(RunContents run) {
    body.append("<article>\n<h1>").append(Html.text(run.experiment())).append("</h1>\n");
    String state = run.isFinished() ? "done" : "open";
    body.append("<p class=\"state ").append(state).append("\">The run in <code>");
    body.append(Html.text(run.directory())).append("</code> ");
    body.append(run.run().isPresent() ? "is " : "");
    body.append(Html.text(run.state())).append(".</p>\n");
    run.note().ifPresent(note -> body.append("<p>Note: ").append(Html.text(note)).append("</p>\n"));
    scores(run);
    training(run);
    evaluations(run);
    clients(run);
    answers(run);
    provenance(run);
    body.append("</article>\n");
  }

  // Scores before and after.

  private void scores(RunContents run) {
    body.append("<h2>Before and after</h2>\n");
    List<Comparison> comparisons = Comparison.all(run);
    if (comparisons.isEmpty()) {
      body.append("<p>Nothing was evaluated: the experiment file names no tasks, or the run has");
      body.append(" not come that far.</p>\n");
      return;
    }
    String after =
        run.chosenRound().isPresent()
            ? "After round " + run.chosenRound().getAsInt()
            : "After training";
    List<List<String>> rows = new ArrayList<>();
    List<String> notices = new ArrayList<>();
    for (Comparison comparison : comparisons) {
      rows.add(
          List.of(
              comparison.figure().title(),
              Comparison.text(comparison.before()),
              Comparison.text(comparison.after()),
              comparison.change(),
              comparison.after().or(comparison::before).map(ReportPage::instances).orElse("")));
      comparison
          .notices()
          .forEach(notice -> notices.add(comparison.figure().task() + ": " + notice));
    }
    body.append(Html.table(List.of("Score", "Before", after, "Change", "Instances"), rows));
    body.append("<p class=\"note\">Brackets are 95 % intervals.");
    notices.stream().distinct().forEach(notice -> body.append("<br>").append(Html.text(notice)));
    body.append("</p>\n");
  }

  private static String instances(EvaluationRow row) {
    return Page.number(row.instances())
        + row.publishedInstances()
            .filter(published -> published != row.instances())
            .map(published -> " of " + Page.number(published) + " published")
            .orElse("");
  }

  // Curves.

  private void training(RunContents run) {
    body.append("<h2>Training</h2>\n");
    if (run.rounds().isEmpty()) {
      body.append("<p>No round is committed yet.</p>\n");
      return;
    }
    List<RoundRow> rounds = run.rounds();
    plot(
        "Training loss per label",
        List.of("before the round", "over the round"),
        rounds.stream().map(RoundRow::round).toList(),
        List.of(
            rounds.stream().<@Nullable Double>map(RoundRow::firstLoss).toList(),
            rounds.stream().<@Nullable Double>map(RoundRow::meanLoss).toList()),
        Optional.empty());
    List<List<String>> rows = new ArrayList<>();
    for (RoundRow round : rounds) {
      rows.add(
          List.of(
              Integer.toString(round.round()),
              Integer.toString(round.clients()),
              figure(round.meanLoss()),
              Page.number(round.examplesSeen()),
              Page.number(round.steps()),
              bytes(round.uploadBytes()),
              bytes(round.downloadBytes()),
              seconds(round.trainSeconds() + round.aggregateSeconds())));
    }
    body.append("<details><summary>All ").append(rows.size()).append(" rounds</summary>\n");
    body.append(
        Html.table(
            List.of("Round", "Clients", "Loss", "Examples seen", "Steps", "Up", "Down", "Time"),
            rows));
    body.append("</details>\n");
  }

  private void evaluations(RunContents run) {
    List<Comparison.Figure> figures = Comparison.figures(run);
    if (figures.isEmpty()) {
      return;
    }
    body.append("<h2>Evaluation by round</h2>\n<div class=\"grid\">\n");
    for (Comparison.Figure figure : figures) {
      List<EvaluationRow> curve = Comparison.curve(run, figure);
      boolean intervals = curve.stream().anyMatch(row -> row.low().isPresent());
      plot(
          figure.title(),
          List.of(figure.metric().replace('_', ' ')),
          curve.stream().map(EvaluationRow::round).toList(),
          List.of(values(curve, EvaluationRow::value)),
          intervals
              ? Optional.of(
                  List.of(values(curve, EvaluationRow::low), values(curve, EvaluationRow::high)))
              : Optional.empty());
    }
    body.append("</div>\n");
  }

  private static List<@Nullable Double> values(
      List<EvaluationRow> curve, java.util.function.Function<EvaluationRow, Optional<Double>> of) {
    List<@Nullable Double> values = new ArrayList<>();
    for (EvaluationRow row : curve) {
      values.add(of.apply(row).orElse(null));
    }
    return values;
  }

  private void clients(RunContents run) {
    if (run.clients().isEmpty()) {
      return;
    }
    Map<Integer, List<ClientRow>> byClient =
        run.clients().stream()
            .collect(Collectors.groupingBy(ClientRow::client, TreeMap::new, Collectors.toList()));
    body.append("<h2>Clients</h2>\n");
    if (byClient.size() <= MOST_CLIENT_CURVES) {
      body.append("<div class=\"grid small\">\n");
      byClient.forEach(
          (client, rows) ->
              plot(
                  "Client " + client + ", training loss",
                  List.of("over the round"),
                  rows.stream().map(ClientRow::round).toList(),
                  List.of(rows.stream().<@Nullable Double>map(ClientRow::meanLoss).toList()),
                  Optional.empty()));
      body.append("</div>\n");
    }
    List<List<String>> table = new ArrayList<>();
    byClient.forEach(
        (client, rows) -> {
          ClientRow last = rows.get(rows.size() - 1);
          table.add(
              List.of(
                  Integer.toString(client),
                  Page.number(last.dataSize()),
                  Page.number(last.skippedExamples()),
                  Page.number(last.cutExamples()),
                  Integer.toString(rows.size()),
                  Page.number(rows.stream().mapToLong(ClientRow::examplesSeen).sum()),
                  figure(last.meanLoss()),
                  Page.number(rows.stream().mapToLong(ClientRow::skippedSteps).sum()),
                  bytes(rows.stream().mapToLong(ClientRow::uploadBytes).sum()),
                  seconds(rows.stream().mapToDouble(ClientRow::wallSeconds).sum())));
        });
    body.append(
        Html.table(
            List.of(
                "Client",
                "Examples",
                "Skipped",
                "Cut",
                "Rounds",
                "Seen",
                "Last loss",
                "Skipped steps",
                "Sent",
                "Time"),
            table));
  }

  /**
   * Adds a place for a curve and what the script needs to draw it.
   *
   * @param band lower and upper ends around the first line
   */
  private void plot(
      String title,
      List<String> names,
      List<Integer> rounds,
      List<List<@Nullable Double>> lines,
      Optional<List<List<@Nullable Double>>> band) {
    Map<String, Object> plot = new LinkedHashMap<>();
    plot.put("across", "round");
    plot.put("at", rounds);
    plot.put("names", names);
    plot.put("lines", lines);
    band.ifPresent(ends -> plot.put("band", ends));
    page.plot(title, plot);
  }

  // Answers.

  private void answers(RunContents run) {
    if (run.answers().isEmpty()) {
      return;
    }
    int chosen = run.chosenRound().orElse(0);
    List<AnswerRow> shown =
        run.answers().stream()
            .filter(answer -> answer.round() == 0 || answer.round() == chosen)
            .toList();
    body.append("<h2>Answers</h2>\n<p class=\"note\">Before training and after round ");
    body.append(chosen).append("; those of other rounds are in the table <code>answers</code>.");
    if (shown.size() > MOST_ANSWERS) {
      body.append(" Only the first ").append(Page.number(MOST_ANSWERS)).append(" of ");
      body.append(Page.number(shown.size())).append(" are shown here.");
    }
    body.append("</p>\n<p><label>Search <input type=\"search\" class=\"search\"></label>\n");
    body.append("<label>Show <select class=\"verdict\"><option value=\"\">all</option>");
    body.append("<option>right</option><option>wrong</option><option>not run</option></select>");
    body.append("</label> <span class=\"count\"></span></p>\n");
    body.append("<div class=\"answers\">\n");
    shown.stream().limit(MOST_ANSWERS).forEach(answer -> body.append(answer(answer)));
    body.append("</div>\n");
  }

  private static String answer(AnswerRow answer) {
    String verdict = answer.score().map(score -> score >= 1 ? "right" : "wrong").orElse("not run");
    String score =
        answer.score().filter(s -> s > 0 && s < 1).map(s -> " (" + figure(s) + ")").orElse("");
    StringBuilder html = new StringBuilder("<details class=\"answer\" data-verdict=\"");
    html.append(verdict).append("\"><summary><b class=\"").append(verdict.replace(' ', '-'));
    html.append("\">").append(verdict).append(score).append("</b> ");
    html.append(Html.text(answer.id())).append(", round ").append(answer.round());
    html.append(answer.sample() > 0 ? ", sample " + answer.sample() : "");
    html.append(answer.adapter().equals("global") ? "" : ", " + Html.text(answer.adapter()));
    html.append(": ").append(Html.text(answer.extracted().orElse("nothing found")));
    html.append(" / ").append(Html.text(answer.gold())).append("</summary>\n");
    if (!answer.prompt().isEmpty()) {
      html.append("<h3>Prompt</h3><pre>").append(Html.text(end(answer.prompt())));
      html.append("</pre>");
    }
    html.append("<h3>Answer</h3><pre>");
    html.append(Html.text(answer.notRun().map(why -> "Not run: " + why).orElse(cut(answer))));
    return html.append("</pre></details>\n").toString();
  }

  private static String end(String prompt) {
    return prompt.length() <= MOST_PROMPT_CHARACTERS
        ? prompt
        : "... " + prompt.substring(prompt.length() - MOST_PROMPT_CHARACTERS);
  }

  private static String cut(AnswerRow answer) {
    return answer.output().length() <= MOST_OUTPUT_CHARACTERS
        ? answer.output()
        : answer.output().substring(0, MOST_OUTPUT_CHARACTERS) + " ...";
  }

  // What was run.

  private void provenance(RunContents run) {
    body.append("<h2>What was run</h2>\n");
    List<List<String>> facts = new ArrayList<>();
    if (run.run().isPresent()) {
      RunRow row = run.run().get();
      facts.add(List.of("Run", run.runId()));
      facts.add(List.of("Training", row.scenario() + ", " + row.algorithm()));
      facts.add(
          List.of(
              "Adapter",
              row.adapterMethod()
                  + ", "
                  + Page.number(row.trainedParameters())
                  + " trained numbers"));
      facts.add(List.of("Model", row.checkpoint() + ", computed in " + row.dtype()));
      facts.add(List.of("Model's SHA-256", row.checkpointSha256()));
      facts.add(
          List.of(
              "Data",
              row.corpus()
                  + " dealt out by "
                  + row.splitter()
                  + " to "
                  + Page.number(row.clients())
                  + " clients; "
                  + Page.number(row.trainExamples())
                  + " training examples"));
      facts.add(List.of("Data's SHA-256", row.dataSha256()));
      row.adapterSha256().ifPresent(sha -> facts.add(List.of("Adapter's SHA-256", sha)));
      facts.add(List.of("Seed", Long.toString(row.seed())));
      facts.add(
          List.of(
              "Machine",
              row.host()
                  + ", "
                  + row.master()
                  + ", "
                  + row.device()
                  + ", threads a client: "
                  + row.threadsPerClient()));
      facts.add(
          List.of(
              "Versions",
              "Tributary "
                  + row.tributaryVersion()
                  + ", Spark "
                  + row.sparkVersion()
                  + ", Java "
                  + row.javaVersion()));
      row.gitCommit().ifPresent(commit -> facts.add(List.of("Git commit", commit)));
      facts.add(List.of("Begun", row.startedAt().toString()));
      row.finishedAt()
          .ifPresent(
              end ->
                  facts.add(
                      List.of(
                          "Finished",
                          end.truncatedTo(ChronoUnit.SECONDS)
                              + ", after "
                              + TimeLeft.text(Duration.between(row.startedAt(), end)))));
    }
    body.append(Html.facts(facts));
    body.append("<h3>To run it again</h3>\n<pre>").append(Html.text(run.commandToRepeat()));
    body.append("</pre>\n");
    run.experimentYaml()
        .ifPresent(
            yaml ->
                body.append("<details><summary>The experiment file, with all defaults</summary>")
                    .append("<pre>")
                    .append(Html.text(yaml))
                    .append("</pre></details>\n"));
  }

  // Small things.

  private static String figure(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  private static String seconds(double seconds) {
    return seconds < 10
        ? String.format(Locale.ROOT, "%.1f s", seconds)
        : TimeLeft.text(Duration.ofMillis(Math.round(seconds * 1000)));
  }

  private static String bytes(long bytes) {
    if (bytes < 1_000) {
      return bytes + " B";
    }
    if (bytes < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
    }
    return bytes < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }
}
