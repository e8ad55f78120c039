// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.PeftDirectory;
import dev.tributary.fl.ledger.Ledger;
import dev.tributary.fl.round.ClientBackend;
import dev.tributary.fl.round.FederatedRun;
import dev.tributary.fl.round.RunPlan;
import dev.tributary.fl.training.TrainingConfig;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.run.RunDirectory;
import dev.tributary.jobs.spark.ClientTraining;
import dev.tributary.jobs.spark.SparkBackend;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;

/**
 * {@code train}: fine-tunes a model across clients, and leaves a run directory. A run that was
 * ended by anything at any time goes on where its ledger ends, to the same adapter, byte for byte.
 */
public final class TrainJob {
  /**
   * What was trained.
   *
   * @param output the run directory
   * @param adapter directory of the chosen round's adapter; of all clients' where each has its own
   * @param sha256 of its adapter_model.safetensors; where clients have their own, of all of them in
   *     the order of the clients
   * @param rounds trained
   * @param chosenRound whose adapter is the result
   * @param loss held-out loss per token before training and after the chosen round; the training
   *     loss where no task measures it
   * @param scores first figure of each task, by its label
   */
  public record Result(
      String output,
      String adapter,
      String sha256,
      int rounds,
      int chosenRound,
      BeforeAfter loss,
      Map<String, BeforeAfter> scores) {}

  /** A figure before training and after it; empty where it could not be measured. */
  public record BeforeAfter(OptionalDouble before, OptionalDouble after) {}

  private TrainJob() {}

  /** Clients' own adapters, if they have some. */
  static ClientAdapters clientAdapters(
      Experiment experiment,
      RunPlan plan,
      Ledger ledger,
      ClientBackend backend,
      RunDirectory directory) {
    int steps = experiment.evaluation().fineTuneSteps();
    return new ClientAdapters(
        experiment.training(),
        ledger,
        plan.clients(),
        steps == 0
            ? Optional.empty()
            : Optional.of(new FineTuning(plan, steps, backend, ledger, directory.store())));
  }

  /**
   * Trains, or goes on, or finds that all is done.
   *
   * @throws dev.tributary.fl.config.InputException if the input cannot be used; before anything is
   *     trained
   * @throws dev.tributary.fl.round.ClientFailedException if a client failed for good; what was
   *     committed stays
   */
  public static Result run(SparkSession session, Experiment experiment, Progress progress) {
    TrainingConfig training = experiment.training();
    try (RunDirectory directory =
        RunDirectory.open(experiment, session.sparkContext().hadoopConfiguration())) {
      RunParts parts = RunParts.open(session, experiment, directory, progress);
      ClientExamples.checkLabels(
          parts.tokens().split(), training.scenario(), experiment.data().maxTokens());
      ClientExamples examples =
          ClientExamples.of(parts.split(), parts.tokens(), training.scenario());
      RunPlan plan =
          new RunPlan(
              parts.trainingSeed(),
              experiment.adapter(),
              training,
              examples.clients(),
              examples.trainingExamples());
      Ledger ledger = Ledger.open(directory.store());
      List<Integer> clients = plan.clients();
      Supplier<NamedTensors> initial =
          () ->
              training
                  .startFrom()
                  .map(
                      start ->
                          PeftDirectory.start(
                              Path.of(start),
                              experiment.adapter().create(),
                              parts.base().checkpoint().config()))
                  .orElseGet(() -> plan.initialAdapter(parts.base().checkpoint()));

      try (SparkBackend backend =
              new SparkBackend(
                  parts.executors(),
                  new ClientTraining(parts.model(), examples.source(), ClientExamples.TRAIN),
                  examples.trainingExamples());
          RunRecorder recorder =
              new RunRecorder(
                  parts,
                  ledger,
                  clients,
                  clientAdapters(experiment, plan, ledger, backend, directory),
                  initial,
                  progress)) {
        new FederatedRun(plan, initial, backend, ledger, recorder).run();
        return recorder.result();
      }
    }
  }
}
