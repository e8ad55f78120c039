// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.PlanJob;
import dev.tributary.jobs.experiment.Experiment;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.experiment.InputCheck;
import dev.tributary.jobs.run.RunDirectory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;

/** {@code plan}: what an experiment would cost. */
@Command(
    name = "plan",
    description =
        "Tell what training FILE would cost: steps and bytes exactly, memory and hours as two short"
            + " rounds of it show them here. They are trained beside the output and deleted again.")
final class PlanCommand extends FileCommand {
  PlanCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "plan";
  }

  @Override
  Result work() {
    InputCheck.check(read());
    Experiment experiment = read().experiment();
    String folder = experiment.output() + "-plan-" + UUID.randomUUID().toString().substring(0, 8);
    PlanJob.Costs costs =
        withSpark(
            experiment.training().threadsPerClient(),
            session -> {
              Configuration hadoop = session.sparkContext().hadoopConfiguration();
              List<String> keys = new ArrayList<>(PlanJob.shortened(experiment, session));
              keys.add(ExperimentReader.assignment("output", folder + "/run"));
              experiment
                  .data()
                  .output()
                  .or(() -> PlanJob.split(experiment, hadoop))
                  .ifPresent(split -> keys.add(ExperimentReader.assignment("data.output", split)));
              try {
                return PlanJob.run(
                    session, experiment, read(keys).experiment(), console().progress());
              } finally {
                RunDirectory.delete(folder, hadoop);
              }
            });
    Map<String, Object> json = new LinkedHashMap<>(costs.json());
    StringBuilder text = new StringBuilder();
    costs.told().forEach((what, value) -> text.append("%-34s %s%n".formatted(what, value)));
    return Result.done(json, text.toString());
  }
}
