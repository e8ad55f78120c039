// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.evaluation.task.Gsm8k;
import dev.tributary.evaluation.task.Gsm8kConfigs;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoringTest {
  @TempDir Path folder;

  @BeforeEach
  void writeGold() throws IOException {
    Files.writeString(
        folder.resolve("gold.jsonl"),
        """
        {"question": "2 + 3?", "answer": "2 + 3 = 5\\n#### 5"}
        {"question": "A thousand and a quarter?", "answer": "#### 1,000.25"}
        {"question": "6 x 3?", "answer": "6 x 3 = <<6*3=18>>18\\n#### 18"}
        """);
  }

  private Scored score(String answers) throws IOException {
    Path file = Files.writeString(folder.resolve("answers.jsonl"), answers);
    Gsm8k task = new Gsm8k(Gsm8kConfigs.usual(folder.resolve("gold.jsonl").toString()));
    return Scoring.score(task, BenchmarkFiles.local(), file.toString());
  }

  @Test
  void scoresTheQuestionsThatHaveAnswers() throws IOException {
    Scored scored =
        score(
            """
            {"id": "gsm8k/2", "answer": "The answer is 18.0."}

            {"id": "gsm8k/0", "answer": " I do not know.", "model": "another"}
            """);

    assertThat(scored.figure().value()).contains(0.5);
    assertThat(scored.figure().low()).contains(Interval.wilson(1, 2).low());
    assertThat(scored.figure().instances()).isEqualTo(2);
    assertThat(scored.figure().notRun()).isZero();
    assertThat(scored.figure().publishedInstances()).contains(1319L);
    assertThat(scored.figure().notice())
        .hasValueSatisfying(
            notice -> assertThat(notice).endsWith("; 1 of 3 questions have no answer"));
    assertThat(scored.answers())
        .extracting(AnswerRow::id, row -> row.extracted().orElse("none"))
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("gsm8k/0", "none"),
            org.assertj.core.groups.Tuple.tuple("gsm8k/2", "18.0"));
  }

  @Test
  void severalAnswersToAQuestionAreSamples() throws IOException {
    Scored scored =
        score(
            """
            {"id": "gsm8k/0", "answer": "5"}
            {"id": "gsm8k/2", "answer": "17"}
            {"id": "gsm8k/0", "answer": "4"}
            {"id": "gsm8k/0", "answer": 5}
            {"id": "gsm8k/0", "answer": "6"}
            """);

    assertThat(scored.figure().value()).contains(0.25);
    assertThat(scored.figure().instances()).isEqualTo(2);
    assertThat(scored.answers()).extracting(AnswerRow::sample).containsExactly(0, 1, 2, 3, 0);
  }

  @Test
  void answersAreCutWhereOurModelsAreStopped() throws IOException {
    Scored scored =
        score("{\"id\": \"gsm8k/0\", \"answer\": \" 5 apples.\\n\\nQ: 7 cars?\\nA: 7\"}");

    assertThat(scored.figure().value()).contains(1.0);
    assertThat(scored.answers().get(0).output()).isEqualTo(" 5 apples.\n");
  }

  @Test
  void readsByteOrderMarksAndCompressedFiles() throws IOException {
    String text = "\uFEFF{\"id\": \"gsm8k/1\", \"answer\": \"It is $1,000.250\"}\r\n";
    try (OutputStream file = Files.newOutputStream(folder.resolve("answers.jsonl.gz"));
        OutputStream zip = new GZIPOutputStream(file)) {
      zip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    Gsm8k task = new Gsm8k(Gsm8kConfigs.usual(folder.resolve("gold.jsonl").toString()));

    Scored zipped =
        Scoring.score(task, BenchmarkFiles.local(), folder.resolve("answers.jsonl.gz").toString());

    assertThat(zipped.figure().value()).contains(1.0);
    assertThat(score(text).figure().value()).contains(1.0);
  }

  @Test
  void allFaultsOfAFileAreTold() {
    String file = folder.resolve("answers.jsonl").toString();
    assertThatThrownBy(
            () ->
                score(
                    """
                    {"id": "gsm8k/7", "answer": "5"}
                    {"id": 3, "answer": "5"}
                    {"id": "gsm8k/1"}
                    {"id": "gsm8k/1", "answer": null}
                    {"id": ["gsm8k/1"], "answer": "5"}
                    {"id": "gsm8k/1", "id": "gsm8k/0", "answer": "5"}
                    ["gsm8k/1", "5"]
                    {"id": "gsm8k/1", "answer": "5"
                    """))
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll(
            file
                + ":1: no question has the id 'gsm8k/7'; ids of gsm8k look like 'gsm8k/0', and the"
                + " gold file has 3\n",
            file + ":2: no question has the id '3'",
            file + ":3: 'answer' is missing\n",
            file + ":4: 'answer' is null, neither text nor a whole number\n",
            file + ":5: 'id' is an array, neither text nor a whole number\n",
            file + ":6: not a JSON object: Duplicate field 'id'\n",
            file + ":7: the line is an array, not an object; give one JSON object a line\n",
            file + ":8: not a JSON object: ");
  }

  @Test
  void answersBeyondTheLimitArePassedOver() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("answers.jsonl"),
            """
            {"id": "gsm8k/1", "answer": "1000.25"}
            {"id": "gsm8k/2", "answer": "17"}
            {"id": "gsm8k/0", "answer": "5"}
            """);
    Gsm8k task = new Gsm8k(Gsm8kConfigs.limited(folder.resolve("gold.jsonl").toString(), 2));

    Scored scored = Scoring.score(task, BenchmarkFiles.local(), file.toString());

    assertThat(scored.figure().value()).contains(1.0);
    assertThat(scored.figure().instances()).isEqualTo(2);
    assertThat(scored.figure().notice())
        .hasValueSatisfying(
            notice ->
                assertThat(notice)
                    .endsWith("; 1 of 3 answers are to questions beyond the limit")
                    .doesNotContain("have no answer"));

    Files.writeString(
        file,
        """
        {"id": "gsm8k/3", "answer": "5"}
        {"id": "gsm8k/2"}
        """);
    assertThatThrownBy(() -> Scoring.score(task, BenchmarkFiles.local(), file.toString()))
        .isInstanceOf(InputException.class)
        .hasMessage(
            file
                + ":1: no question has the id 'gsm8k/3'; ids of gsm8k look like 'gsm8k/0', and the"
                + " gold file has 3\n"
                + file
                + ":2: 'answer' is missing");
  }

  @Test
  void aFileWithoutAnswersIsRefused() {
    assertThatThrownBy(() -> score("\n"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder.resolve("answers.jsonl") + ": the file is empty; give one JSON object a line");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Gsm8k task = new Gsm8k(Gsm8kConfigs.usual(folder.resolve("gold.jsonl").toString()));
    assertThatThrownBy(
            () -> Scoring.score(task, BenchmarkFiles.local(), folder.resolve("no").toString()))
        .isInstanceOf(InputException.class)
        .hasMessage("Cannot read " + folder.resolve("no") + ": there is no such file");
  }

  @Test
  void theSolutionsOfGsm8kAreAllRight() throws IOException {
    Path gold = SharedData.path("data/gsm8k/test.jsonl");
    List<String> lines = Files.readAllLines(gold);
    StringBuilder answers = new StringBuilder();
    for (int record = 0; record < lines.size(); record++) {
      answers
          .append("{\"id\": \"gsm8k/")
          .append(record)
          .append("\", ")
          .append(lines.get(record).substring(lines.get(record).indexOf("\"answer\":")))
          .append('\n');
    }
    Path file = Files.writeString(folder.resolve("answers.jsonl"), answers);

    Scored scored =
        Scoring.score(
            new Gsm8k(Gsm8kConfigs.usual(gold.toString())),
            BenchmarkFiles.local(),
            file.toString());

    assertThat(
            scored.answers().stream()
                .filter(row -> row.score().orElse(0.0) < 1)
                .map(row -> row.id() + " " + row.extracted() + " " + row.gold())
                .collect(Collectors.joining("\n")))
        .isEmpty();
    assertThat(scored.figure().instances()).isEqualTo(1319);
    assertThat(scored.figure().notice()).isEmpty();
  }
}
