// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.data.Preparation;
import dev.tributary.data.PreparationContext;
import dev.tributary.data.SplitDirectory;
import dev.tributary.data.TokenisedSplit;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.fl.text.Tokenizer;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.InputCheck;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** {@code prepare}: a corpus becomes a split directory; one that is there already is kept. */
public final class PrepareJob {
  /**
   * What was prepared.
   *
   * @param output the split directory
   * @param examples by split
   * @param skipped records of the corpus that are no examples, by reason
   */
  public record Result(
      String output, int clients, Map<String, Long> examples, Map<String, Long> skipped) {
    static Result of(SplitDirectory split) {
      return new Result(
          split.path().replaceFirst("^file:/+", "/"),
          split.clients(),
          split.manifest().examples(),
          split.manifest().skipped());
    }
  }

  private PrepareJob() {}

  /**
   * Prepares an experiment's data.
   *
   * @throws dev.tributary.fl.config.InputException if the corpus cannot be used
   */
  public static Result run(SparkSession spark, Experiment experiment, Progress progress) {
    return Result.of(split(spark, experiment, progress));
  }

  /**
   * The same from the corpus, even where another split has its examples.
   *
   * @throws dev.tributary.fl.config.InputException if the corpus cannot be used
   */
  public static Result runFromCorpus(SparkSession spark, Experiment experiment, Progress progress) {
    return Result.of(split(spark, experiment, Optional.empty(), progress));
  }

  /** The split of an experiment, prepared if need be. */
  static SplitDirectory split(SparkSession spark, Experiment experiment, Progress progress) {
    return split(spark, experiment, Optional.of(knownSplits(experiment)), progress);
  }

  private static SplitDirectory split(
      SparkSession spark, Experiment experiment, Optional<String> knownSplits, Progress progress) {
    checkTemplate(experiment.data().template());
    return Preparation.prepare(
        spark,
        experiment.data(),
        experiment.seed(),
        output(experiment),
        context(spark, experiment, knownSplits, progress),
        progress::say);
  }

  /** Not needed before there are tokens; a mistyped one is told at once all the same. */
  private static void checkTemplate(String template) {
    if (!template.equals("chat")) { // which is the checkpoint's, and that need not be here
      PromptTemplates.of(template, java.nio.file.Path.of(""));
    }
  }

  /** The split's examples as tokens, made if need be. */
  static TokenisedSplit tokens(
      SparkSession spark,
      Experiment experiment,
      SplitDirectory split,
      ExampleEncoder.Source encoder,
      Progress progress) {
    Optional<String> known = Optional.of(knownSplits(experiment));
    return TokenisedSplit.encode(spark, split, encoder, known, progress::say);
  }

  private static PreparationContext context(
      SparkSession spark, Experiment experiment, Optional<String> knownSplits, Progress progress) {
    return new PreparationContext(
        () -> encoder(experiment, progress),
        () -> benchmarkTexts(experiment, spark.sessionState().newHadoopConf()),
        knownSplits);
  }

  /** What an experiment's examples are encoded with; a hub's tokenizer is fetched. */
  static ExampleEncoder.Source encoder(Experiment experiment, Progress progress) {
    java.nio.file.Path texts = BaseCheckpoint.texts(experiment.model(), progress);
    return new ExampleEncoder.Source(
        Tokenizer.Source.read(texts),
        PromptTemplates.of(experiment.data().template(), texts),
        experiment.data().maxTokens());
  }

  private static List<String> benchmarkTexts(Experiment experiment, Configuration hadoop) {
    List<String> texts = new ArrayList<>();
    for (Choice<Task> task : experiment.evaluation().tasks()) {
      if (task.create() instanceof BenchmarkTask benchmark) {
        texts.addAll(benchmark.texts(RunParts.files(hadoop)));
      }
    }
    if (texts.isEmpty()) {
      throw new ConfigException(List.of(InputCheck.NO_BENCHMARK));
    }
    return texts;
  }

  /** Where splits find each other: beside the run directories of one folder, out of sight. */
  private static String knownSplits(Experiment experiment) {
    Path output = new Path(RunDirectory.uri(experiment.output()));
    return new Path(output.isRoot() ? output : output.getParent(), ".splits").toString();
  }

  /** Where an experiment's split lies: a place that all machines take for the same. */
  static String output(Experiment experiment) {
    return RunDirectory.uri(
        experiment
            .data()
            .output()
            .orElseGet(() -> experiment.output().replaceAll("/+$", "") + "/split"));
  }
}
