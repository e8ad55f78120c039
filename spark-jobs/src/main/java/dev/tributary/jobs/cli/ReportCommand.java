// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import dev.tributary.jobs.report.ReportText;
import dev.tributary.jobs.report.Reports;
import dev.tributary.jobs.report.RunContents;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code report}: a page with plots, and the same figures as text. */
@Command(
    name = "report",
    description = "One self-contained HTML page with plots, and the same figures as text.")
final class ReportCommand extends JobCommand {
  @Parameters(arity = "1..*", paramLabel = "RUN", description = "Run directories.")
  private final List<String> runs = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description =
          "The page; if not given report/index.html in the run, or report.html here for several.")
  private @Nullable Path out;

  ReportCommand(Console console) {
    super(console);
  }

  @Override
  String name() {
    return "report";
  }

  @Override
  Result work() {
    return withSpark(
        1,
        session -> {
          List<RunContents> contents =
              runs.stream().map(run -> RunContents.read(session, run)).toList();
          String place;
          if (out == null && runs.size() == 1) {
            Reports.write(session, runs.get(0));
            place = Reports.place(runs.get(0));
          } else {
            Path page = out == null ? Path.of("report.html") : out;
            Reports.write(contents, page);
            place = page.toString();
          }
          Map<String, Object> json = new LinkedHashMap<>();
          json.put("report", place);
          json.put("runs", contents.stream().map(RunContents::runId).toList());
          return Result.done(
              json,
              contents.stream().map(ReportText::of).collect(Collectors.joining("\n"))
                  + "\nThe report lies in "
                  + place);
        });
  }
}
