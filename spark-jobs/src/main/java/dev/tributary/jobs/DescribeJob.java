// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.data.SplitDirectory;
import dev.tributary.data.TokenisedSplit;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hub.HubException;
import dev.tributary.fl.text.ExampleEncoder;
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
    ExampleEncoder.Source encoder;
    try {
      encoder = PrepareJob.encoder(experiment, progress);
    } catch (InputException e) {
      throw new InputException("Cannot make tokens: " + withWayOut(e), e);
    }
    return prepare(spark, experiment, Optional.of(encoder), "", progress);
  }

  /**
   * Prepares an experiment's data, and writes a page and tables about it into the split directory;
   * with its tokens where the experiment's tokenizer is on this machine, or on a hub that answers.
   *
   * @throws InputException if the corpus cannot be used
   */
  public static Result describe(SparkSession spark, Experiment experiment, Progress progress) {
    Optional<ExampleEncoder.Source> encoder = Optional.empty();
    String withoutTokens = whyNoTokens(experiment, progress);
    if (withoutTokens.isEmpty()) {
      encoder = Optional.of(PrepareJob.encoder(experiment, progress));
    }
    Result result = prepare(spark, experiment, encoder, withoutTokens, progress);
    Reports.write(spark, PrepareJob.output(experiment), result.description());
    return result;
  }

  /** Empty if there is a tokenizer. */
  private static String whyNoTokens(Experiment experiment, Progress progress) {
    try {
      Tokenizer.Source.read(BaseCheckpoint.texts(experiment.model(), progress));
      return "";
    } catch (InputException | HubException e) {
      return withWayOut(e);
    }
  }

  private static String withWayOut(RuntimeException e) {
    return e.getMessage() + " (model.checkpoint=DIR)";
  }

  private static Result prepare(
      SparkSession spark,
      Experiment experiment,
      Optional<ExampleEncoder.Source> encoder,
      String withoutTokens,
      Progress progress) {
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
