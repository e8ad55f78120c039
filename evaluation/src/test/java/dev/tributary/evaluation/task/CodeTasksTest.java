// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.evaluation.BenchmarkTask;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Question;
import dev.tributary.evaluation.Scored;
import dev.tributary.evaluation.Scoring;
import dev.tributary.evaluation.TaskContext;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Sampling;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Canonical solutions pass, and others do not. */
class CodeTasksTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  private static BenchmarkTask humanEval(Path gold) {
    return humanEval(gold, 1, Sampling.GREEDY, HumanEval.Protocol.DEFAULT);
  }

  private static BenchmarkTask humanEval(
      Path gold, int samples, Sampling sampling, HumanEval.Protocol protocol) {
    return new HumanEval(
        new HumanEval.Config(gold.toString(), 0, samples, sampling, 512, protocol, "humaneval"));
  }

  private static BenchmarkTask mbpp(Path gold) {
    return new Mbpp(
        new Mbpp.Config(gold.toString(), Optional.empty(), 0, 3, 1, Sampling.GREEDY, 512, "mbpp"));
  }

  private static BenchmarkTask humanEvalX(Path gold, String libraries) {
    return new HumanEvalX(
        new HumanEvalX.Config(
            gold.toString(),
            0,
            1,
            Sampling.GREEDY,
            512,
            libraries,
            HumanEvalX.Protocol.DEFAULT,
            "humaneval-x"));
  }

  /** Scores an answer to each question, made of what the gold file says. */
  private Scored score(BenchmarkTask task, int limit, Function<Question, List<String>> answers)
      throws IOException {
    StringBuilder lines = new StringBuilder();
    List<Question> questions =
        task.read(new TaskContext(BenchmarkFiles.local(), example -> "", true)).questions();
    for (Question question : questions.subList(0, Math.min(limit, questions.size()))) {
      for (String answer : answers.apply(question)) {
        ObjectNode line = JSON.createObjectNode().put("id", question.id()).put("answer", answer);
        lines.append(line).append('\n');
      }
    }
    Path file = Files.writeString(folder.resolve("answers.jsonl"), lines.toString());
    return Scoring.score(task, BenchmarkFiles.local(), file.toString());
  }

  private static List<AnswerRow> failed(Scored scored) {
    return scored.answers().stream().filter(row -> row.score().orElse(1.0) < 1).toList();
  }

  @Test
  void humanEvalsCanonicalSolutionsPassAndEmptyOnesFail() throws IOException {
    Path gold = SharedData.path("data/humaneval/HumanEval.jsonl.gz");
    BenchmarkTask task = humanEval(gold);
    Scored canonical = score(task, 164, question -> List.of(question.gold()));
    assertThat(failed(canonical)).isEmpty();
    assertThat(canonical.figure().instances()).isEqualTo(164);
    assertThat(canonical.figure().value()).contains(1.0);
    assertThat(canonical.figure().metric()).isEqualTo("pass@1");
    assertThat(canonical.figure().notice().orElseThrow()).startsWith("programs ran in ");

    Scored empty = score(task, 164, question -> List.of("    pass\n"));
    assertThat(empty.figure().value()).contains(0.0);
    assertThat(empty.figure().notRun()).isZero();
  }

  @Test
  void leavingEarlyDoesNotPass() throws IOException {
    Path gold = SharedData.path("data/humaneval/HumanEval.jsonl.gz");
    BenchmarkTask task = humanEval(gold);
    Scored scored = score(task, 2, question -> List.of("    import os\n    os._exit(0)\n"));
    assertThat(scored.figure().value()).contains(0.0);
    assertThat(scored.answers().get(0).extracted())
        .contains("failed: it ended before its tests did");
  }

  @Test
  void passAtKIsUnbiased() throws IOException {
    Path gold = SharedData.path("data/humaneval/HumanEval.jsonl.gz");
    BenchmarkTask task = humanEval(gold); // how many samples there are, the answers say
    Scored scored =
        score(
            task,
            1,
            question -> {
              List<String> answers = new ArrayList<>();
              for (int i = 0; i < 12; i++) {
                answers.add(i < 2 ? question.gold() : "    return 1\n");
              }
              return answers;
            });
    List<EvaluationRow> figures = scored.figures();
    assertThat(figures).extracting(EvaluationRow::metric).containsExactly("pass@1", "pass@10");
    assertThat(figures.get(0).value().orElseThrow()).isCloseTo(2 / 12.0, within());
    // 1 - C(10, 10) / C(12, 10)
    assertThat(figures.get(1).value().orElseThrow()).isCloseTo(1 - 1 / 66.0, within());
  }

  private static Offset<Double> within() {
    return Offset.offset(1e-12);
  }

  @Test
  void mbppsCanonicalSolutionsPass() throws IOException {
    Path gold = SharedData.path("data/mbpp/mbpp.jsonl");
    BenchmarkTask task = mbpp(gold);
    Scored scored = score(task, 974, question -> List.of(question.gold()));
    assertThat(failed(scored)).isEmpty();
    assertThat(scored.figure().instances()).isEqualTo(974);
    assertThat(scored.figure().publishedInstances()).contains(974L);
  }

  @Test
  void mbppAsksItsTestSplitWithTheThreeProblemsOfThePaper() {
    Path gold = SharedData.path("data/mbpp/mbpp.jsonl");
    BenchmarkTask task = mbpp(gold);
    var benchmark = task.read(new TaskContext(BenchmarkFiles.local(), example -> ""));
    assertThat(benchmark.questions()).hasSize(500);
    Question first = benchmark.questions().get(0);
    assertThat(first.id()).isEqualTo("11");
    assertThat(first.demonstrations()).hasSize(3);
    assertThat(first.demonstrations().get(0))
        .startsWith(
            "You are an expert Python programmer, and here is your task: Write a function to find"
                + " the similar elements from the given two tuple lists. Your code should pass these"
                + " tests:\n\nassert similar_elements(")
        .endsWith("return (res) \n[DONE]\n\n");
    assertThat(first.prompt()).endsWith("\n[BEGIN]\n");
    assertThat(benchmark.beyondLimit()).hasSize(474);
  }

  /** Five of each language; what a language needs that this machine lacks is not run. */
  @ParameterizedTest
  @ValueSource(strings = {"python", "java", "js", "cpp", "go", "rust"})
  void humanEvalXsCanonicalSolutionsPassWhereTheToolchainIs(String language) throws IOException {
    Path gold = SharedData.path("data/humaneval_x/humaneval_" + language + ".jsonl.gz");
    String libraries = System.getProperty("tributary.code-libraries", "");
    BenchmarkTask task = humanEvalX(gold, libraries);
    Scored right = score(task, 5, question -> List.of(question.gold()));
    assertThat(failed(right)).isEmpty();
    if (right.figure().notRun() > 0) {
      assertThat(right.figure().value()).isEmpty();
      assertThat(right.answers().get(0).notRun().orElseThrow()).contains("this machine");
    } else {
      assertThat(right.figure().value()).contains(1.0);
      Scored wrong = score(task, 2, question -> List.of("\n}\n"));
      assertThat(wrong.figure().value()).contains(0.0);
    }
    if (List.of("python", "java").contains(language)) { // the build itself needs these
      assertThat(right.figure().notRun()).isZero();
    }
  }

  @Test
  void aLibraryThatTheTaskNamesAndTheMachineLacksIsNotTheAnswersFault() throws IOException {
    String record =
        """
        {"task_id": "Python/0", "prompt": "import no_such_library\\ndef f():\\n", "declaration": "",
        "canonical_solution": "    return 1\\n", "test": "\\nassert f() == 1"}
        """
            .replace("\n", " ");
    Path gold = Files.writeString(folder.resolve("x.jsonl"), record + "\n");
    BenchmarkTask task = humanEvalX(gold, "");
    Scored scored = score(task, 1, question -> List.of(question.gold()));
    assertThat(scored.figure().notRun()).isEqualTo(1);
    assertThat(scored.figure().notice().orElseThrow())
        .contains("this machine lacks the library no_such_library");

    Path other =
        Files.writeString(
            folder.resolve("y.jsonl"), record.replace("import no_such_library\\n", "") + "\n");
    Scored invented =
        score(
            humanEvalX(other, ""),
            1,
            question -> List.of("    import no_such_library\n    return 1\n"));
    assertThat(invented.figure().value()).contains(0.0);
  }

  @Test
  void fsLlmCutsAndIndentsAsItDoes() throws IOException {
    Path gold = SharedData.path("data/humaneval/HumanEval.jsonl.gz");
    BenchmarkTask task = humanEval(gold, 1, Sampling.GREEDY, HumanEval.Protocol.FS_LLM);
    Question question =
        task.read(new TaskContext(BenchmarkFiles.local(), example -> "")).questions().get(0);
    assertThat(question.asked().samples()).isEqualTo(5);
    String solution = question.gold().replaceFirst("^ +", "\u00A0 ");
    assertThat(task.judge(question, solution + "\nassert False\nprint(1)").score()).contains(1.0);
    assertThat(task.judge(question, "return 1").extracted().orElseThrow()).startsWith("failed");
  }

  @Test
  void saysWhatIsWrongWithAFile() throws IOException {
    Path cobol = Files.writeString(folder.resolve("t.jsonl"), "{\"task_id\": \"Cobol/1\"}\n");
    assertThatThrownBy(
            () ->
                humanEvalX(cobol, "").read(new TaskContext(BenchmarkFiles.local(), example -> "")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("t.jsonl:1: 'task_id' is Cobol/1; ids of HumanEval-X are Python/0");
    assertThatThrownBy(
            () -> humanEval(cobol).read(new TaskContext(BenchmarkFiles.local(), example -> "")))
        .hasMessageContaining("t.jsonl:1: 'prompt' is missing");
    assertThatThrownBy(() -> humanEval(cobol, 3, Sampling.GREEDY, HumanEval.Protocol.DEFAULT))
        .hasMessageContaining("without sampling all are the same");
  }
}
