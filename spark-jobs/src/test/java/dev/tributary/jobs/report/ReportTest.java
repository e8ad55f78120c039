// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.jobs.table.SampleRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  @TempDir private Path folder;

  private static RunContents finished() {
    return new RunContents(
        "runs/sample",
        "r1",
        "sample",
        Optional.of(SampleRun.run(4, true)),
        SampleRun.rounds(4),
        SampleRun.clients(4),
        SampleRun.evaluations(4),
        SampleRun.answers(4),
        Optional.of("experiment: sample\nnote: the data is <made up>\n"));
  }

  private static RunContents withoutEvaluation() {
    return new RunContents(
        "runs/sample",
        "r1",
        "sample",
        Optional.of(SampleRun.run(4, false)),
        SampleRun.rounds(3),
        SampleRun.clients(3),
        List.of(),
        List.of(),
        Optional.empty());
  }

  private static RunContents begun() {
    return new RunContents(
        "runs/sample",
        "",
        "sample",
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        List.of(),
        Optional.of("experiment: sample\n"));
  }

  @Test
  void textTellsRoundsAndScoresBeforeAndAfter() {
    assertThat(ReportText.of(finished()))
        .isEqualTo(
            """
            sample in runs/sample: finished: 4 rounds
              federated fedavg, lora with 460,800 trained numbers, on models/tiny (float32)
              gsm8k dealt out by uniform to 3 clients, 7,000 training examples
              seed 17, cpu, 1 thread a client, Spark local[2]
              Note: the data is <made up>

            round  clients  training loss  loss on validation  gsm8k on test  seconds
            0                                          2.4000         0.1000
            1            3         2.3500                                         4.3
            2            3         2.2500                                         4.3
            3            3         2.1500                                         4.3
            4            3         2.0500              2.1000         0.4000      4.3
            Training took 17 s, without evaluations.

            score                                                before            after round 4   change  instances
            loss on validation: loss per token                   2.4000                   2.1000  -0.3000         70
            gsm8k on test: accuracy             0.1000 [0.0500, 0.1800]  0.4000 [0.3500, 0.4800]  +0.3000        100
            Intervals in brackets are 95 % intervals.
              gsm8k: 100 of 1,319 questions
              gsm8k: 1 could not be run after round 0
              gsm8k: 1 could not be run after round 4
            """);
  }

  @Test
  void textSaysWhatIsMissing() {
    assertThat(ReportText.of(withoutEvaluation()))
        .startsWith(
            "sample in runs/sample: not finished: 3 of 4 rounds when its tables were last written\n")
        .contains("3            3         2.1500      4.3\n")
        .endsWith("\nNothing was evaluated.\n");
    assertThat(ReportText.of(begun()))
        .startsWith(
            "sample in runs/sample: has begun; no round has been measured yet, so there is nothing"
                + " to show\n");
  }

  @Test
  void pageHoldsEverythingAndAsksForNothing() {
    String page = ReportPage.html(List.of(finished()));

    assertThat(page)
        .contains("uPlot")
        .contains("0.4000 [0.3500, 0.4800]")
        .contains("100 of 1,319 questions")
        .contains("./tributary run runs/sample/experiment.yaml --out runs/sample-again")
        .contains("3 clients; 7,000 training examples")
        .doesNotContain("src=")
        .doesNotContain("href=")
        .doesNotContain("@import")
        .doesNotContain("url(");
  }

  @Test
  void pageEscapesWhatModelsAndFilesSay() {
    String page = ReportPage.html(List.of(finished()));

    assertThat(page)
        .contains("Note: the data is &lt;made up&gt;")
        .contains("Q: How many &lt;b&gt;apples&lt;/b&gt; &amp; pears?")
        .contains("I do not know &lt;/script&gt;&lt;script&gt;")
        .doesNotContain("<b>apples")
        .doesNotContain("know </script>");
    assertThat(page.split("</script>", -1)).hasSize(4); // plots, library, our own
    assertThat(Html.json("\"</script><!--\"")).isEqualTo("\"\\u003c/script>\\u003c!--\"");
    assertThat(Html.text("a\u0000b'\"")).isEqualTo("a\uFFFDb&#39;&quot;");
  }

  @Test
  void pageShowsWhatThereIsOfRunsThatAreNotFinished() {
    assertThat(ReportPage.html(List.of(withoutEvaluation())))
        .contains("not finished: 3 of 4 rounds")
        .contains("Nothing was evaluated")
        .doesNotContain("<h2>Answers");
    assertThat(ReportPage.html(List.of(begun(), finished())))
        .contains("no round has been measured yet")
        .contains("No round is committed yet.")
        .contains("<title>sample, sample</title>");
  }

  @Test
  void pageIsWrittenWhole() throws IOException {
    Path page = folder.resolve("a b/report.html");

    Reports.write(List.of(finished()), page);
    Reports.write(List.of(begun()), page);

    assertThat(Files.readString(page)).contains("no round has been measured yet");
    try (var files = Files.list(folder.resolve("a b"))) {
      assertThat(files).containsExactly(page);
    }
  }
}
