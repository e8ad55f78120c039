// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.RunJob;
import dev.tributary.jobs.TrainJob;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.experiment.InputCheck;
import dev.tributary.jobs.report.ReportText;
import dev.tributary.jobs.report.Reports;
import dev.tributary.jobs.report.RunContents;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code run}: everything an experiment file says. */
@Command(
    name = "run",
    description =
        "Prepare, train, evaluate, report: all that FILE says. What is done already is reused.")
final class RunCommand extends FileCommand {
  RunCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "run";
  }

  @Override
  Result work() {
    ExperimentFile file = read();
    InputCheck.check(file); // before Spark is started
    Experiment experiment = file.experiment();
    return withSpark(
        experiment.training().threadsPerClient(),
        session -> {
          TrainJob.Result trained =
              RunJob.run(session, experiment, console().progress(), Reports::write);
          Map<String, Object> json = new LinkedHashMap<>(Results.trained(trained));
          json.put("report", Reports.place(trained.output()));
          String text =
              forPeople() ? ReportText.of(RunContents.read(session, trained.output())) : "";
          return Result.done(
              json, text + "\nThe report lies in " + Reports.place(trained.output()));
        });
  }
}
