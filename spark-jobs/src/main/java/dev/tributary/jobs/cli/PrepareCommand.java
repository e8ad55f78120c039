// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.PrepareJob;
import dev.tributary.jobs.experiment.Experiment;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code prepare}: a corpus becomes a split directory. */
@Command(name = "prepare", description = "Make the split directory of FILE's corpus.")
final class PrepareCommand extends FileCommand {
  PrepareCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "prepare";
  }

  @Override
  Result work() {
    Experiment experiment = read().experiment();
    return withSpark(
        1,
        session -> {
          PrepareJob.Result made = PrepareJob.run(session, experiment, console().progress());
          Map<String, Object> json = new LinkedHashMap<>();
          json.put("output", made.output());
          json.put("clients", made.clients());
          json.put("examples", made.examples());
          json.put("skipped", made.skipped());
          StringBuilder text = new StringBuilder();
          text.append("Split      ").append(made.output()).append('\n');
          text.append("Clients    ").append(made.clients()).append('\n');
          text.append("Examples   ").append(listed(made.examples())).append('\n');
          text.append("Skipped    ")
              .append(made.skipped().isEmpty() ? "none" : listed(made.skipped()));
          return Result.done(json, text.toString());
        });
  }

  private static String listed(Map<String, Long> counts) {
    StringBuilder text = new StringBuilder();
    counts.forEach(
        (what, count) ->
            text.append(text.isEmpty() ? "" : ", ").append(what).append(' ').append(count));
    return text.toString();
  }
}
