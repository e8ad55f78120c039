// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.experiment.ExperimentFile;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A command about an experiment file. */
abstract class FileCommand extends JobCommand {
  @Parameters(index = "0", paramLabel = "FILE", description = "The experiment file.")
  private String file = "";

  @Parameters(
      index = "1..*",
      paramLabel = "KEY=VALUE",
      description = "In place of what the file says, e.g. training.rounds=2.")
  private final List<String> overrides = new ArrayList<>();

  @Mixin private final ExperimentOptions options = new ExperimentOptions();

  FileCommand(Console console) {
    super(console);
  }

  /**
   * @throws dev.tributary.fl.config.InputException with all faults
   */
  ExperimentFile read() {
    return options.read(file, overrides);
  }
}
