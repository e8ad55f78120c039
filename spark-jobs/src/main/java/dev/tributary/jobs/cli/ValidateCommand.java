// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.checkpoint.ModelPlace;
import dev.tributary.jobs.experiment.ExperimentFile;
import dev.tributary.jobs.experiment.ExperimentWriter;
import dev.tributary.jobs.experiment.InputCheck;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    Optional<String> checkpoint = file.experiment().model().checkpoint();
    Optional<String> told = checkpoint.flatMap(ModelPlace::told);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("file", file.source());
    json.put("experiment", file.experiment().experiment());
    json.put("valid", true);
    json.put("faults", List.of());
    told.ifPresent(text -> json.put("checkpoint", checkpoint.orElse("") + " " + text));
    return Result.done(
        json,
        "# "
            + file.source()
            + " is valid; with all defaults it says:\n"
            + told.map(text -> "# " + checkpoint.orElse("") + " " + text + "\n").orElse("")
            + ExperimentWriter.yaml(file.experiment()));
  }
}
