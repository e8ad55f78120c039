// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.TrainJob;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.experiment.InputCheck;
import dev.tributary.jobs.report.ReportText;
import dev.tributary.jobs.report.RunContents;
import picocli.CommandLine.Command;

/** {@code train}: fine-tuning across clients. */
@Command(
    name = "train",
    description =
        "Fine-tune as FILE says (federated, global or local). Given again after a crash, it"
            + " resumes.")
final class TrainCommand extends FileCommand {
  TrainCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "train";
  }

  @Override
  Result work() {
    ExperimentFile file = read();
    InputCheck.check(file);
    Experiment experiment = file.experiment();
    return withSpark(
        experiment.training().threadsPerClient(),
        session -> {
          TrainJob.Result trained = TrainJob.run(session, experiment, console().progress());
          String text =
              forPeople() ? ReportText.of(RunContents.read(session, trained.output())) : "";
          return Result.done(Results.trained(trained), text);
        });
  }
}
