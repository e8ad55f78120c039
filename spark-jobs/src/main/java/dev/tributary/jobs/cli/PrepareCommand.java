// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.DescribeJob;
import dev.tributary.jobs.PrepareJob;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.report.SplitDescription;
import dev.tributary.jobs.report.SplitText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code prepare}: a corpus becomes a split directory, and what is in it is told. */
@Command(
    name = "prepare",
    description = {
      "Make the split directory of FILE's corpus. Several FILEs may be given, before any KEY=VALUE,",
      "which then applies to each."
    })
final class PrepareCommand extends FileCommand {
  @Option(
      names = "--tokens",
      description = "Make its tokens too, so that runs begin at once; needs model.checkpoint.")
  private boolean tokens;

  @Option(
      names = "--describe",
      description = "Tell who holds what and how long examples are; writes a page and tables.")
  private boolean describe;

  PrepareCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "prepare";
  }

  @Override
  Result work() {
    Map<String, ExperimentFile> files = readAll();
    return withSpark(
        1,
        session ->
            files.size() == 1
                ? prepare(session, files.values().iterator().next().experiment())
                : prepareAll(session, files));
  }

  private Result prepare(SparkSession session, Experiment experiment) {
    Progress progress = console().progress();
    if (tokens) { // wanted for certain: with --describe alone a page may do without
      DescribeJob.Result made = DescribeJob.tokenise(session, experiment, progress);
      if (!describe) {
        return tokenised(made);
      }
    }
    if (describe) {
      return described(DescribeJob.describe(session, experiment, progress));
    }
    PrepareJob.Result made = PrepareJob.run(session, experiment, progress);
    return Result.done(Results.prepared(made), text(made));
  }

  /** One after the other; what is wrong with one does not keep the others from being made. */
  private Result prepareAll(SparkSession session, Map<String, ExperimentFile> files) {
    List<Map<String, ?>> made = new ArrayList<>();
    Map<String, String> failed = new LinkedHashMap<>();
    StringBuilder text = new StringBuilder();
    TreeSet<Integer> exitCodes = new TreeSet<>(); // 1, failed, goes before 2, wrong input
    files.forEach(
        (name, file) -> {
          text.append("== ").append(name).append('\n');
          try {
            Result result = prepare(session, file.experiment());
            made.add(result.json());
            text.append(result.text().stripTrailing()).append("\n\n");
          } catch (Exception e) { // Spark's errors are of many kinds
            Failure failure = Failure.of(e);
            exitCodes.add(failure.exitCode());
            failed.put(name, failure.message());
            text.append("Not prepared: ").append(failure.message()).append("\n\n");
          }
        });
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("prepared", made);
    json.put("failed", failed);
    return new Result(
        exitCodes.isEmpty() ? CommandLineTool.DONE : exitCodes.first(), json, text.toString());
  }

  private static Result described(DescribeJob.Result made) {
    Map<String, Object> json = Results.described(made);
    json.put("report", made.page());
    json.put("tables", made.tables());
    return Result.done(
        json,
        text(made.prepared())
            + "\n\n"
            + SplitText.of(made.description(), made.tables())
            + "\nPage       "
            + made.page()
            + "\nTables     "
            + made.tables());
  }

  private static Result tokenised(DescribeJob.Result made) {
    SplitDescription.Tokens tokens = made.description().tokens().orElseThrow();
    return Result.done(
        Results.described(made),
        text(made.prepared())
            + String.format(
                Locale.ROOT,
                "%nTokens     %,d by %s, template %s; max-tokens %d cuts %,d examples",
                tokens.all().tokens(),
                tokens.tokenizer(),
                tokens.template(),
                tokens.maxTokens(),
                tokens.all().cut()));
  }

  private static String text(PrepareJob.Result made) {
    return "Split      "
        + made.output()
        + "\nClients    "
        + made.clients()
        + "\nExamples   "
        + listed(made.examples())
        + "\nSkipped    "
        + (made.skipped().isEmpty() ? "none" : listed(made.skipped()));
  }

  private static String listed(Map<String, Long> counts) {
    StringBuilder text = new StringBuilder();
    counts.forEach(
        (what, count) ->
            text.append(text.isEmpty() ? "" : ", ").append(what).append(' ').append(count));
    return text.toString();
  }
}
