// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.experiment.ExperimentWriter;
import dev.tributary.jobs.experiment.InputCheck;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code validate}: all faults of an experiment file at once. */
@Command(
    name = "validate",
    description = "Tell everything that is wrong with FILE, or show it with all defaults.")
final class ValidateCommand extends FileCommand {
  ValidateCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "validate";
  }

  @Override
  Result work() {
    ExperimentFile file = read();
    InputCheck.check(file);
    return Result.done(
        Map.of(
            "file", file.source(),
            "experiment", file.experiment().experiment(),
            "valid", true,
            "faults", List.of()),
        "# "
            + file.source()
            + " is valid; with all defaults it says:\n"
            + ExperimentWriter.yaml(file.experiment()));
  }
}
