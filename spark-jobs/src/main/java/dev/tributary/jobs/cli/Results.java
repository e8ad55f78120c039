// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.data.Manifest;
import dev.tributary.data.TokenisedSplit;
import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.jobs.DescribeJob;
import dev.tributary.jobs.PrepareJob;
import dev.tributary.jobs.TrainJob;
import dev.tributary.jobs.report.SplitDescription;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** What jobs found, as the JSON that {@code --json} promises and as text. */
final class Results {
  private Results() {}

  /** Of {@code prepare}. */
  static Map<String, Object> prepared(PrepareJob.Result made) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("output", made.output());
    json.put("clients", made.clients());
    json.put("examples", made.examples());
    json.put("skipped", made.skipped());
    return json;
  }

  /** Of {@code prepare --tokens} and {@code prepare --describe}. */
  static Map<String, Object> described(DescribeJob.Result made) {
    Map<String, Object> json = prepared(made.prepared());
    Manifest.Skew skew = made.description().manifest().skew();
    Map<String, Object> unlike = new LinkedHashMap<>();
    unlike.put("label_column", skew.labelColumn());
    unlike.put("label_distance_mean", skew.mean());
    unlike.put("label_distance_mean_by_examples", skew.meanByExamples());
    unlike.put("label_distance_max", skew.max());
    unlike.put("size_gini", skew.sizeGini());
    json.put("skew", unlike);
    json.put("tokens", made.description().tokens().map(Results::tokens));
    return json;
  }

  private static Map<String, Object> tokens(SplitDescription.Tokens tokens) {
    TokenisedSplit.Counts all = tokens.all();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("tokenizer", tokens.tokenizer());
    json.put("template", tokens.template());
    json.put("max_tokens", tokens.maxTokens());
    json.put("tokens", all.tokens());
    json.put("whole_tokens", all.wholeTokens());
    json.put("labels", all.labels());
    json.put("cut", all.cut());
    json.put("unusable", all.withoutLabel());
    json.put("quantiles", tokens.quantiles());
    json.put("cut_at", tokens.cutAt());
    return json;
  }

  /** Of {@code train} and {@code run}. */
  static Map<String, Object> trained(TrainJob.Result result) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("output", result.output());
    json.put("adapter", result.adapter());
    json.put("sha256", result.sha256());
    json.put("rounds", result.rounds());
    json.put("chosen_round", result.chosenRound());
    json.put("loss_before", orNull(result.loss().before()));
    json.put("loss_after", orNull(result.loss().after()));
    Map<String, Object> scores = new LinkedHashMap<>();
    result
        .scores()
        .forEach(
            (task, score) -> {
              Map<String, @Nullable Double> both = new LinkedHashMap<>();
              both.put("before", orNull(score.before()));
              both.put("after", orNull(score.after()));
              scores.put(task, both);
            });
    json.put("scores", scores);
    return json;
  }

  /** Of {@code evaluate} and {@code score}: a task's figure. */
  static Map<String, Object> figure(EvaluationRow row) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("task", row.task());
    json.put("metric", row.metric());
    json.put("score", row.value());
    json.put(
        "interval",
        row.low().isPresent() && row.high().isPresent()
            ? Optional.of(List.of(row.low().get(), row.high().get()))
            : Optional.empty());
    json.put("instances", row.instances());
    json.put("not_run", row.notRun());
    json.put("published_instances", row.publishedInstances());
    row.notice().ifPresent(notice -> json.put("notice", notice));
    return json;
  }

  /** A figure with what must be said with it. */
  static String text(EvaluationRow row) {
    String value = row.value().map(v -> String.format(Locale.ROOT, "%.4f", v)).orElse("no score");
    String interval =
        row.low().isPresent() && row.high().isPresent()
            ? String.format(Locale.ROOT, " [%.4f, %.4f]", row.low().get(), row.high().get())
            : "";
    String published = row.publishedInstances().map(n -> " (published: " + n + ")").orElse("");
    return row.task()
        + " on "
        + row.split()
        + row.client().map(client -> ", client " + client).orElse("")
        + ": "
        + row.metric()
        + " "
        + value
        + interval
        + ", "
        + row.instances()
        + " instances"
        + published
        + (row.notRun() > 0 ? ", " + row.notRun() + " not run" : "")
        + row.notice().map(notice -> "\n  " + notice).orElse("");
  }

  /** An answer as a line of an answers file, with the judge's view of it. */
  static Map<String, Object> answer(AnswerRow row) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("id", row.id());
    json.put("answer", row.output());
    json.put("extracted", row.extracted());
    json.put("gold", row.gold());
    json.put("score", row.score());
    json.put("not_run", row.notRun());
    return json;
  }

  private static @Nullable Double orNull(OptionalDouble value) {
    return value.isPresent() ? (Double) value.getAsDouble() : null;
  }
}
