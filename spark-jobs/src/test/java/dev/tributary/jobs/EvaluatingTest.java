// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.evaluation.AnswerRow;
import dev.tributary.evaluation.Batches;
import dev.tributary.evaluation.EvaluationRow;
import dev.tributary.evaluation.Task;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.LocalSpark;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint is asked benchmarks, on Spark. */
class EvaluatingTest {
  @TempDir static Path folder;

  private static String checkpoint = "";
  private final SparkSession spark = LocalSpark.session();

  @BeforeAll
  static void writeModelAndBenchmarks() throws IOException {
    TinyExperiment.in(folder);
    InitialCheckpoint.write(folder.resolve("model/config.json"), 3, folder.resolve("drawn"));
    checkpoint = folder.resolve("drawn").toString();
    for (String part : List.of("test", "dev")) {
      StringBuilder rows = new StringBuilder();
      for (int q = 0; q < 12; q++) {
        rows.append("Question %d of %s?,one,two,three,four,%c\n".formatted(q, part, 'A' + q % 4));
      }
      Path subject = Files.createDirectories(folder.resolve("mmlu/" + part));
      Files.writeString(subject.resolve("astronomy_" + part + ".csv"), rows.toString());
    }
    StringBuilder functions = new StringBuilder();
    for (int q = 0; q < 4; q++) {
      functions.append(
          """
          {"task_id": "F/%d", "prompt": "def f():\\n", "entry_point": "f",\
           "canonical_solution": "    return %d\\n", "test": "def check(f):\\n    assert f() == %d\\n"}
          """
              .formatted(q, q, q));
    }
    Files.writeString(folder.resolve("functions.jsonl"), functions.toString());
  }

  private EvaluateJob.Result evaluate(List<String> task, Batches batches, Optional<Path> answers) {
    return EvaluateJob.run(
        spark,
        new EvaluateJob.Request(
            checkpoint,
            Optional.empty(),
            DType.FLOAT32,
            ExperimentReader.choose(Task.class, task),
            "none",
            1,
            batches,
            answers,
            0.01),
        Progress.silent());
  }

  private static List<String> mmlu(String... more) {
    List<String> keys =
        new ArrayList<>(List.of("name=mmlu", "path=" + folder + "/mmlu", "shots=2"));
    keys.addAll(List.of(more));
    return keys;
  }

  private static List<String> functions(String... more) {
    List<String> keys = new ArrayList<>();
    keys.addAll(List.of("name=humaneval", "path=" + folder + "/functions.jsonl", "new-tokens=6"));
    keys.addAll(List.of(more));
    return keys;
  }

  private static List<String> outputs(EvaluateJob.Result result) {
    return result.answers().stream().map(AnswerRow::output).toList();
  }

  @Test
  void choicesDoNotDependOnBatches() {
    EvaluateJob.Result together = evaluate(mmlu(), Batches.DEFAULT, Optional.empty());
    EvaluateJob.Result alone = evaluate(mmlu(), new Batches(1, 1), Optional.empty());
    assertThat(together.answers()).hasSize(12).isEqualTo(alone.answers());
    assertThat(together.figures())
        .extracting(EvaluationRow::task)
        .containsExactly("mmlu", "mmlu/stem", "mmlu/astronomy");
    assertThat(outputs(together)).allMatch(output -> output.matches("[ABCD]"));
  }

  @Test
  void samplesAreDrawnFromTheQuestionAndTheirNumber() {
    String[] drawn = {"samples=3", "sampling={temperature: 1.5}"};
    EvaluateJob.Result all = evaluate(functions(drawn), Batches.DEFAULT, Optional.empty());
    EvaluateJob.Result alone = evaluate(functions(drawn), new Batches(1, 1), Optional.empty());
    assertThat(all.answers()).hasSize(12);
    assertThat(outputs(all)).isEqualTo(outputs(alone));
    assertThat(outputs(all).subList(0, 3)).doesNotHaveDuplicates();
    assertThat(outputs(all).subList(0, 3)).isNotEqualTo(outputs(all).subList(3, 6));
    assertThat(all.figures().get(0).metric()).isEqualTo("pass@1");
    assertThat(all.figures().get(0).value()).contains(0.0);
  }

  @Test
  void nothingIsAskedTwice(@TempDir Path kept) throws IOException {
    EvaluateJob.Result first = evaluate(mmlu("limit=3"), Batches.DEFAULT, Optional.of(kept));
    Path file;
    try (Stream<Path> files = Files.list(kept.resolve("answers"))) {
      file = files.findFirst().orElseThrow();
    }
    assertThat(Files.readAllLines(file)).hasSize(3);
    // That they are taken from there shows when others lie there.
    Files.writeString(
        file, Files.readString(file).replaceAll("\"output\":\"[ABCD]\"", "\"output\":\"none\""));
    EvaluateJob.Result more =
        evaluate(mmlu("limit=5", "label=again"), Batches.DEFAULT, Optional.of(kept));
    assertThat(outputs(more)).startsWith("none", "none", "none").hasSize(5);
    assertThat(outputs(more).subList(3, 5)).doesNotContain("none");
    assertThat(more.answers().get(0).prompt()).isEqualTo(first.answers().get(0).prompt());
    assertThat(Files.readAllLines(file)).hasSize(5);

    // Another prompt is another question; a damaged file is asked again.
    assertThat(outputs(evaluate(mmlu("limit=2", "shots=1"), Batches.DEFAULT, Optional.of(kept))))
        .doesNotContain("none");
    Files.writeString(file, "{broken");
    assertThat(outputs(evaluate(mmlu("limit=3"), Batches.DEFAULT, Optional.of(kept))))
        .isEqualTo(outputs(first));
  }
}
