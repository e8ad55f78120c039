// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.evaluation.Answer;
import dev.tributary.evaluation.Answers;
import dev.tributary.evaluation.Asked;
import dev.tributary.evaluation.Benchmark;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Measured;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Scored;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MmluTest {
  @TempDir Path folder;

  private static Mmlu task(Path path, List<String> subjects, Mmlu.Protocol protocol) {
    return new Mmlu(new Mmlu.Config(path.toString(), subjects, 0, 5, protocol, "mmlu"));
  }

  private static TaskContext context() {
    return new TaskContext(BenchmarkFiles.local(), example -> "");
  }

  private void subject(String name, String test) throws IOException {
    Files.createDirectories(folder.resolve("test"));
    Files.createDirectories(folder.resolve("dev"));
    Files.writeString(folder.resolve("test/" + name + "_test.csv"), test);
    Files.writeString(folder.resolve("dev/" + name + "_dev.csv"), "D?,p,q,r,s,D\n");
  }

  @Test
  void asksAsTheAuthorsDo() throws IOException {
    subject("us_foreign_policy", "\"Who, then?\",a,\"b\"\"b\",c,d,B\nNext?,1,2,3,4,A\n");
    Benchmark benchmark =
        task(folder, List.of("us_foreign_policy"), Mmlu.Protocol.DEFAULT).read(context());
    Question first = benchmark.questions().get(0);
    assertThat(first.id()).isEqualTo("mmlu/us_foreign_policy/0");
    assertThat(first.text(2))
        .isEqualTo(
            "The following are multiple choice questions (with answers) about  us foreign"
                + " policy.\n\nD?\nA. p\nB. q\nC. r\nD. s\nAnswer: D\n\n"
                + "Who, then?\nA. a\nB. b\"b\nC. c\nD. d\nAnswer:");
    assertThat(first.gold()).isEqualTo("B");
    assertThat(((Asked.Choice) first.asked()).texts()).containsExactly(" A", " B", " C", " D");

    Question likeFsLlm =
        task(folder, List.of("us_foreign_policy"), Mmlu.Protocol.FS_LLM)
            .read(context())
            .questions()
            .get(0);
    assertThat(likeFsLlm.text(1)).contains("multiple choice         questions (with");
    assertThat(((Asked.Choice) likeFsLlm.asked()).texts()).containsExactly("A", "B", "C", "D");
  }

  @Test
  void tellsCategoriesAndSubjectsBesideTheWhole() throws IOException {
    subject("astronomy", "Q,1,2,3,4,A\nR,1,2,3,4,A\n");
    subject("econometrics", "Q,1,2,3,4,B\n");
    Mmlu task = task(folder, List.of(), Mmlu.Protocol.DEFAULT);
    Benchmark benchmark = task.read(context());
    assertThat(benchmark.notice())
        .contains("55 of 57 subjects have no file, e.g. abstract_algebra");
    List<Answer> answers = new ArrayList<>();
    for (int place = 0; place < 3; place++) {
      answers.add(new Answer.Given(place, 0, "", place == 1 ? "C" : "A", 0, 1, 0, 0));
    }
    Scored scored =
        Scored.of(new Measured(0, "global", 0), task, benchmark, List.of(new Answers(answers, 1)));
    assertThat(scored.figures())
        .extracting(EvaluationRow::task)
        .containsExactly(
            "mmlu", "mmlu/stem", "mmlu/social-sciences", "mmlu/astronomy", "mmlu/econometrics");
    assertThat(scored.figures())
        .extracting(row -> row.value().orElseThrow())
        .containsExactly(1 / 3.0, 0.5, 0.0, 0.5, 0.0);
    assertThat(scored.figure().publishedInstances()).contains(14_042L);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          B                        | B | 1
          ' B.'                    | B | 1
          (B)                      | B | 1
          The answer is B, not A   | B | 1
          A                        | A | 0
          Because of all           |   | 0
          ''                       |   | 0
          """)
  void takesTheFirstLetterThatStandsAlone(String answer, String letter, double score) {
    Question question =
        new Question(
            "mmlu/x/0", List.of(), "", new Asked.Continuation(1, List.of()), "B", Map.of());
    var verdict = task(folder, List.of(), Mmlu.Protocol.DEFAULT).judge(question, answer);
    assertThat(verdict.extracted().orElse(null)).isEqualTo(letter);
    assertThat(verdict.score()).contains(score);
  }

  @Test
  void readsThePublishedFiles() {
    Path published = SharedData.path("data/helm/mmlu");
    Benchmark benchmark = task(published, List.of(), Mmlu.Protocol.DEFAULT).read(context());
    assertThat(benchmark.questions()).hasSize(514);
    assertThat(benchmark.questions().get(0).demonstrations()).hasSize(6);
    assertThat(benchmark.notice()).contains("52 of 57 subjects have no file, e.g. anatomy");
  }

  @Test
  void findsFilesInAZipInTheFolderOfTestsAndByOneOfThem() {
    Path published = SharedData.path("data/helm/mmlu");
    Benchmark zip =
        task(published.resolve("data.zip"), List.of(), Mmlu.Protocol.DEFAULT).read(context());
    assertThat(zip.questions()).hasSize(14_042);
    assertThat(zip.notice()).isEmpty();
    Benchmark folder = task(published, List.of(), Mmlu.Protocol.DEFAULT).read(context());
    Benchmark tests =
        task(published.resolve("test"), List.of(), Mmlu.Protocol.DEFAULT).read(context());
    assertThat(tests.questions()).isEqualTo(folder.questions());
    assertThat(zip.questions()).containsAll(folder.questions());
    Benchmark one =
        task(published.resolve("test/econometrics_test.csv"), List.of(), Mmlu.Protocol.DEFAULT)
            .read(context());
    assertThat(one.questions()).hasSize(114);
    assertThat(one.questions().get(17).id()).isEqualTo("mmlu/econometrics/17");
    assertThat(one.questions().get(0).demonstrations()).hasSize(6);
  }

  @Test
  void findsAFileAnywhereWithItsDemonstrationsBesideIt() throws IOException {
    Path test = Files.writeString(folder.resolve("virology_test.csv"), "Q,1,2,3,4,A\n");
    Files.writeString(folder.resolve("virology_dev.csv"), "D,1,2,3,4,B\n");
    Benchmark benchmark = task(test, List.of(), Mmlu.Protocol.DEFAULT).read(context());
    assertThat(benchmark.questions()).hasSize(1);
    assertThat(benchmark.questions().get(0).demonstrations()).hasSize(2);
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    subject("astronomy", "Q,1,2,3,4,A\nR,1,2,3,A\nS,1,2,3,4,E\n");
    assertThatThrownBy(() -> task(folder, List.of(), Mmlu.Protocol.DEFAULT).read(context()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("astronomy_test.csv:2: the row has 5 columns, not 6")
        .hasMessageContaining("astronomy_test.csv:3: the answer is 'E', not A, B, C or D");
    assertThatThrownBy(
            () -> task(folder.resolve("none"), List.of(), Mmlu.Protocol.DEFAULT).read(context()))
        .hasMessageContaining("give the folder that holds test");
    assertThatThrownBy(() -> task(folder, List.of("astrology"), Mmlu.Protocol.DEFAULT))
        .hasMessageContaining("it is none of MMLU's 57");
  }
}
