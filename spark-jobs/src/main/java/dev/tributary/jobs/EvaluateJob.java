// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.Batches;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.SplitTask;
import dev.tributary.evaluation.Task;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.ledger.LocalStore;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.round.RunPlan;
import dev.tributary.fl.text.PromptTemplates;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.GivenAnswers;
import dev.tributary.jobs.run.RunDirectory;
import dev.tributary.jobs.run.RunResult;
import dev.tributary.jobs.spark.BaseModel;
import dev.tributary.jobs.spark.ClientTraining;
import dev.tributary.jobs.spark.Executors;
import dev.tributary.jobs.spark.SparkBackend;
import dev.tributary.jobs.spark.SparkEvaluation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** {@code evaluate}: what tasks say of a run's adapter, or of any checkpoint and adapter. */
public final class EvaluateJob {
  /**
   * What was measured.
   *
   * @param round whose adapter it is; 0 where it is not of a run
   * @param figures in the order of the tasks
   * @param answers in the order of tasks and questions
   */
  public record Result(int round, List<EvaluationRow> figures, List<AnswerRow> answers) {}

  /**
   * A checkpoint to be asked, without an experiment.
   *
   * @param checkpoint a Hugging Face directory, or a model by its name on a hub
   * @param adapter a PEFT directory; empty for the checkpoint as it is
   * @param dtype number format of the base in compute
   * @param task of a benchmark
   * @param template how the run that it is compared with puts an instruction to the model
   * @param threads computing threads of a piece of the work
   * @param batches how much is answered at once
   * @param answers folder where answers are kept from one evaluation to the next; empty for none
   * @param maxNotRun share of questions that failures may leave without an answer
   */
  public record Request(
      String checkpoint,
      Optional<String> adapter,
      DType dtype,
      Choice<Task> task,
      String template,
      int threads,
      Batches batches,
      Optional<Path> answers,
      double maxNotRun) {}

  private EvaluateJob() {}

  /**
   * Evaluates a run by the tasks of an experiment file: its result, or the last round of a run that
   * has not ended. What was measured already is not measured again; what is found joins the tables.
   * The result itself stays what it was.
   *
   * @throws InputException if nothing has been trained yet
   */
  public static Result run(SparkSession session, Experiment experiment, Progress progress) {
    try (RunDirectory directory =
        RunDirectory.openTrained(experiment, session.sparkContext().hadoopConfiguration())) {
      Ledger ledger = Ledger.open(directory.store());
      RunParts parts = RunParts.open(session, experiment, directory, progress);
      ClientExamples examples =
          ClientExamples.of(parts.split(), parts.tokens(), experiment.training().scenario());
      RunPlan plan =
          new RunPlan(
              parts.trainingSeed(),
              experiment.adapter(),
              experiment.training(),
              examples.clients(),
              examples.trainingExamples());
      SparkBackend backend =
          new SparkBackend(
              parts.executors(),
              new ClientTraining(parts.model(), examples.source(), ClientExamples.TRAIN),
              examples.trainingExamples());
      RunEvaluation evaluation =
          new RunEvaluation(
              experiment.evaluation(),
              parts.evaluation(),
              directory.evaluations(),
              TrainJob.clientAdapters(experiment, plan, ledger, backend, directory),
              progress);
      evaluation.recall(ledger.lastRound());
      Optional<RunResult> ended =
          directory.result().filter(result -> result.rounds() == ledger.lastRound());
      int round = ended.map(RunResult::chosenRound).orElse(ledger.lastRound());
      AdapterMethod method = experiment.adapter().create();
      List<EvaluationRow> figures =
          evaluation.measureRound(round, method, () -> ledger.adapter(round));
      new RecordedTables(parts).write(ledger, evaluation, ended);
      List<String> asked =
          experiment.evaluation().tasks().stream().map(task -> task.create().label()).toList();
      return new Result(
          round,
          figures,
          evaluation.answers(round).stream()
              .filter(answer -> asked.contains(answer.task()))
              .toList());
    }
  }

  /**
   * Asks a checkpoint the questions of one benchmark.
   *
   * @throws InputException if anything cannot be used
   */
  public static Result run(SparkSession session, Request request, Progress progress) {
    if (request.task().create() instanceof SplitTask) {
      throw new InputException(
          "Cannot evaluate "
              + request.task().name()
              + " without a run: it looks at the run's held-out examples; give an experiment file");
    }
    BaseCheckpoint base = BaseCheckpoint.open(request.checkpoint(), request.dtype(), progress);
    PeftDirectory.Contents adapter = adapter(base, request.adapter());
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    BaseModel model = base.forExecutors(spark, request.threads());
    SparkEvaluation.ReadTasks tasks =
        SparkEvaluation.ReadTasks.of(
            List.of(request.task()),
            new TaskContext(
                RunParts.files(session.sparkContext().hadoopConfiguration()),
                PromptTemplates.of(request.template(), base.checkpoint().directory())));
    SparkEvaluation evaluation =
        new SparkEvaluation(
            new Executors(spark, model.computation().devices()),
            model,
            base.tokenizer(),
            tasks,
            Optional.empty(),
            request.batches(),
            request.answers().map(folder -> new GivenAnswers(new LocalStore(folder))));
    SortedMap<Integer, SparkEvaluation.Outcome> outcomes =
        evaluation.measure(
            new Measured(0, request.adapter().orElse("none"), request.maxNotRun()),
            adapter.method(),
            adapter.state(),
            List.of(0),
            Optional.empty(),
            progress);
    return new Result(
        0,
        outcomes.values().stream().flatMap(outcome -> outcome.figures().stream()).toList(),
        outcomes.values().stream().flatMap(outcome -> outcome.answers().stream()).toList());
  }

  /** An adapter directory; no adapter is an adapter without tensors. */
  static PeftDirectory.Contents adapter(BaseCheckpoint base, Optional<String> directory) {
    return directory
        .map(path -> PeftDirectory.read(Path.of(path), base.checkpoint().config()))
        .orElseGet(
            () ->
                new PeftDirectory.Contents(
                    new BaseOnly(), new NamedTensors(Map.of()), base.name(), new BaseOnly()));
  }
}
