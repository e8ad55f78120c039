// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.data.SplitDirectory;
import dev.tributary.evaluation.Batches;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.ledger.Sha256;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.PromptTemplate;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.Identity;
import dev.tributary.jobs.experiment.InputCheck;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.GivenAnswers;
import dev.tributary.jobs.run.Provenance;
import dev.tributary.jobs.run.RunDirectory;
import dev.tributary.jobs.spark.BaseModel;
import dev.tributary.jobs.spark.Executors;
import dev.tributary.jobs.spark.SparkEvaluation;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * What a run is made of, opened and checked: after this, nothing in the user's input is left that
 * could end it half-way.
 */
record RunParts(
    SparkSession session,
    Experiment experiment,
    RunDirectory directory,
    BaseCheckpoint base,
    SplitDirectory split,
    ClientExamples.Tokens tokens,
    Executors executors,
    SparkEvaluation evaluation,
    Provenance provenance) {

  /**
   * Opens everything.
   *
   * @param directory stays open
   * @throws InputException if anything cannot be used
   */
  static RunParts open(
      SparkSession session, Experiment experiment, RunDirectory directory, Progress progress) {
    BaseCheckpoint base = BaseCheckpoint.of(experiment.model(), directory, progress);
    experiment.adapter().create().check(base.checkpoint().config());
    InputCheck.checkLength(experiment, base.checkpoint().config());
    RunEvaluation.check(experiment.training(), experiment.evaluation());
    PromptTemplate template =
        PromptTemplates.of(experiment.data().template(), base.checkpoint().directory());
    SparkEvaluation.ReadTasks tasks =
        SparkEvaluation.ReadTasks.of(
            experiment.evaluation().tasks(),
            new TaskContext(files(session.sparkContext().hadoopConfiguration()), template));
    SplitDirectory split = PrepareJob.split(session, experiment, progress);
    ExampleEncoder.Source encoder =
        new ExampleEncoder.Source(base.tokenizer(), template, experiment.data().maxTokens());
    ClientExamples.Tokens tokens =
        new ClientExamples.Tokens(
            PrepareJob.tokens(session, experiment, split, encoder, progress), sha256(split));
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    BaseModel model = base.forExecutors(spark, experiment.training().threadsPerClient());
    Executors executors = new Executors(spark, model.computation().devices());
    SparkEvaluation evaluation =
        new SparkEvaluation(
            executors,
            model,
            base.tokenizer(),
            tasks,
            Optional.of(new SparkEvaluation.HeldOut(tokens, ClientExamples.heldOut(split))),
            Batches.DEFAULT,
            Optional.of(new GivenAnswers(directory.store())));
    Provenance provenance =
        directory.begin(provenance(session, experiment, base, split, encoder.sha256()));
    return new RunParts(
        session, experiment, directory, base, split, tokens, executors, evaluation, provenance);
  }

  JavaSparkContext spark() {
    return JavaSparkContext.fromSparkContext(session.sparkContext());
  }

  /** All draws of the training hang below it. */
  Seed trainingSeed() {
    return Seed.of(experiment.seed()).child("training");
  }

  BaseModel model() {
    return base.forExecutors(spark(), experiment.training().threadsPerClient());
  }

  /** Files of this machine by plain paths, others by their URI. */
  static BenchmarkFiles files(Configuration hadoop) {
    BenchmarkFiles local = BenchmarkFiles.local();
    return path -> {
      if (path.matches("[A-Za-z][A-Za-z0-9+.-]+:/.*")) {
        Path uri = new Path(path);
        return uri.getFileSystem(hadoop).open(uri);
      }
      return local.open(path);
    };
  }

  private static Provenance provenance(
      SparkSession session,
      Experiment experiment,
      BaseCheckpoint base,
      SplitDirectory split,
      String encoderSha256) {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    String identity = Identity.of(experiment).sha256();
    boolean gpu = Executors.hasGpus(session.sparkContext().conf());
    return new Provenance(
        experiment.experiment()
            + "-"
            + now.toString().replaceAll("[-:]", "")
            + "-"
            + identity.substring(0, 8),
        experiment.experiment(),
        identity,
        experiment.seed(),
        base.source(),
        base.checkpoint().sha256(),
        split.path(),
        sha256(split),
        encoderSha256,
        gpu ? "gpu" : "cpu",
        experiment.training().threadsPerClient(),
        session.sparkContext().master(),
        now.toString(),
        Provenance.DriverProcess.current());
  }

  /** Of all that decides who holds which example. */
  static String sha256(SplitDirectory split) {
    var manifest = split.manifest();
    String text =
        String.join(
            "\n",
            manifest.corpus().contentSha256(),
            manifest.corpus().settings().toString(),
            Long.toString(manifest.seed()),
            manifest.splitter().toString(),
            manifest.holdout().toString(),
            manifest.brokenRecords(),
            manifest.clean().toString(),
            manifest.examples().toString());
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
