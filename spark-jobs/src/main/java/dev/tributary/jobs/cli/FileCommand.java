// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.fl.config.InputException;
import dev.tributary.jobs.experiment.ExperimentFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
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
  private final List<String> more = new ArrayList<>();

  @Mixin private final ExperimentOptions options = new ExperimentOptions();

  private static final Pattern KEY_AND_VALUE =
      Pattern.compile("[A-Za-z][A-Za-z0-9_.\\-\\[\\]]*=.*", Pattern.DOTALL);

  FileCommand(Console console) {
    super(console);
  }

  /**
   * @throws InputException with all faults
   */
  ExperimentFile read() {
    return options.read(file, more);
  }

  /**
   * The same with further keys in place of what file and command line say.
   *
   * @param further as {@code KEY=VALUE}
   */
  ExperimentFile read(List<String> further) {
    List<String> all = new ArrayList<>(more);
    all.addAll(further);
    return options.read(file, all);
  }

  /**
   * The same for a command that takes several files, to each of which all that follows them
   * applies.
   *
   * @return by what the command line calls them
   * @throws InputException with all faults of all of them
   */
  Map<String, ExperimentFile> readAll() {
    List<String> files = new ArrayList<>(List.of(file));
    int rest = 0;
    while (rest < more.size() && !KEY_AND_VALUE.matcher(more.get(rest)).matches()) {
      files.add(more.get(rest++));
    }
    List<String> keyValues = more.subList(rest, more.size());
    Map<String, ExperimentFile> read = new LinkedHashMap<>();
    List<String> faults = new ArrayList<>();
    for (String each : files) {
      try {
        read.put(each, options.read(each, keyValues));
      } catch (InputException e) {
        if (files.size() == 1) {
          throw e;
        }
        faults.add(e.getMessage());
      }
    }
    if (!faults.isEmpty()) {
      throw new InputException(String.join("\n", faults));
    }
    return read;
  }
}
