// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.fl.model.Device;
import dev.tributary.jobs.parity.Parity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code parity}: compares with recorded outputs of the reference implementation. */
@Command(
    name = "parity",
    description =
        "Compare with recorded outputs of the reference implementation; a line for each folder and"
            + " output. Exit code 1 if one is missed.")
final class ParityCommand extends JobCommand {
  @Parameters(
      arity = "1..*",
      paramLabel = "DIR",
      description = "A set of recordings, or a folder in one.")
  private final List<Path> folders = new ArrayList<>();

  @Option(names = "--tokenizers", paramLabel = "DIR", description = "Tokenizers by name.")
  private @Nullable Path tokenizers;

  @Option(names = "--data", paramLabel = "DIR", description = "Corpora by name.")
  private @Nullable Path data;

  @Option(
      names = "--device",
      paramLabel = "DEVICE",
      description = "cpu, gpu or gpu:N; cpu if not given.")
  private String device = "cpu";

  ParityCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "parity";
  }

  @Override
  Result work() {
    Parity.Outcome outcome =
        Parity.check(
            folders,
            Optional.ofNullable(tokenizers),
            Optional.ofNullable(data),
            Device.of(device),
            console()::print);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("agreed", outcome.agreed());
    json.put("missed", outcome.missed());
    return new Result(
        outcome.exitCode(),
        json,
        outcome.agreed() + " outputs agree, " + outcome.missed() + " are missed");
  }
}
