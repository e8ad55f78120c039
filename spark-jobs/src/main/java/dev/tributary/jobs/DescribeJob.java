// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.data.DataConfig;
import dev.tributary.data.SplitDirectory;
import dev.tributary.data.TokenisedSplit;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.report.Reports;
import dev.tributary.jobs.report.SplitDescription;
import dev.tributary.jobs.report.SplitDescription.Tokens;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;

/** {@code prepare --tokens} and {@code prepare --describe}: a split as tokens, and as figures. */
public final class DescribeJob {
  /**
   * What was prepared, and what is in it.
   *
   * @param prepared the split
   */
  public record Result(PrepareJob.Result prepared, SplitDescription description) {
    /** The page, once {@link #describe} has written it. */
    public String page() {
      return Reports.place(prepared.output());
    }

    /** The folder of the tables, once {@link #describe} has written them. */
    public String tables() {
      return prepared.output() + "/tables";
    }
  }

  private DescribeJob() {}

  /**
   * Prepares an experiment's data up to the tokens that its runs read; keeps what is there already.
   *
   * @throws InputException if the corpus cannot be used, or there is no tokenizer on this machine
   */
  public static Result tokenise(SparkSession spark, Experiment experiment, Progress progress) {
    Tokenizer.Source tokenizer;
    try {
      tokenizer = BaseCheckpoint.tokenizer(experiment.model());
    } catch (InputException e) {
      throw new InputException("Cannot make tokens: " + withWayOut(e), e);
    }
    return prepare(spark, experiment, Optional.of(tokenizer), "", progress);
  }

  /**
   * Prepares an experiment's data, and writes a page and tables about it into the split directory;
   * with its tokens where the experiment's tokenizer is on this machine.
   *
   * @throws InputException if the corpus cannot be used
   */
  public static Result describe(SparkSession spark, Experiment experiment, Progress progress) {
    Optional<Tokenizer.Source> tokenizer = Optional.empty();
    String withoutTokens = "";
    try {
      tokenizer = Optional.of(BaseCheckpoint.tokenizer(experiment.model()));
    } catch (InputException e) {
      withoutTokens = withWayOut(e);
    }
    Result result = prepare(spark, experiment, tokenizer, withoutTokens, progress);
    Reports.write(spark, PrepareJob.output(experiment), result.description());
    return result;
  }

  private static String withWayOut(InputException e) {
    return e.getMessage() + " (model.checkpoint=DIR)";
  }

  private static Result prepare(
      SparkSession spark,
      Experiment experiment,
      Optional<Tokenizer.Source> tokenizer,
      String withoutTokens,
      Progress progress) {
    DataConfig data = experiment.data();
    Optional<ExampleEncoder.Source> encoder =
        tokenizer.map(
            source ->
                new ExampleEncoder.Source(
                    source, PromptTemplates.of(data.template()), data.maxTokens()));
    SplitDirectory split = PrepareJob.split(spark, experiment, progress);
    PrepareJob.Result prepared = PrepareJob.Result.of(split);
    return new Result(
        prepared,
        new SplitDescription(
            experiment.experiment(),
            prepared.output(),
            RunParts.sha256(split),
            split.manifest(),
            encoder.map(source -> tokens(spark, experiment, split, source, progress)),
            withoutTokens));
  }

  private static Tokens tokens(
      SparkSession spark,
      Experiment experiment,
      SplitDirectory split,
      ExampleEncoder.Source encoder,
      Progress progress) {
    TokenisedSplit tokenised = PrepareJob.tokens(spark, experiment, split, encoder, progress);
    return Tokens.of(
        split.manifest(),
        tokenised,
        tokenised.lengths(spark),
        encoder,
        experiment.data().template());
  }
}
