// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.ExportJob;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code export}: the result of a run for other programs. */
@Command(
    name = "export",
    description = "Copy a run's adapter as a PEFT directory, or merge it into its checkpoint.")
final class ExportCommand extends JobCommand {
  @Parameters(index = "0", paramLabel = "RUN", description = "A run directory.")
  private Path run = Path.of("");

  @Option(names = "--to", required = true, paramLabel = "DIR", description = "Must not exist yet.")
  private Path to = Path.of("");

  @Option(names = "--merged", description = "A whole checkpoint, which needs no PEFT to be loaded.")
  private boolean merged;

  @Option(
      names = "--client",
      paramLabel = "K",
      description = "Whose adapter, where each client has its own (scenario local).")
  private @Nullable Integer client;

  ExportCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "export";
  }

  @Override
  Result work() {
    ExportJob.Form form = merged ? ExportJob.Form.MERGED_CHECKPOINT : ExportJob.Form.PEFT_ADAPTER;
    ExportJob.Result result =
        ExportJob.run(run, Optional.ofNullable(client), to, form, console().progress());
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("output", result.output());
    json.put("sha256", result.sha256());
    return Result.done(json, "Written to " + result.output());
  }
}
