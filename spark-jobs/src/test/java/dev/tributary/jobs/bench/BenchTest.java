// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.ConfigException;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTest {
  private static final List<String> TARGETS = List.of("q_proj", "v_proj");

  @TempDir Path folder;

  @Test
  void timesTheActionAfterTheWarmUp() {
    List<Integer> done = new ArrayList<>();
    Timings timings = Timings.of(3, 2, done::add);
    assertThat(done).containsExactly(0, 1, 2, 3, 4);
    assertThat(timings.seconds()).hasSize(3);
    Timings given = new Timings(new double[] {3, 1, 4, 2});
    assertThat(given.least()).isEqualTo(1);
    assertThat(given.median()).isEqualTo(2.5);
    assertThat(new Timings(new double[] {3, 1, 4}).median()).isEqualTo(3);
  }

  @Test
  void readsRecordsAsThePeerPutsThem() throws IOException {
    Path file = folder.resolve("records.jsonl");
    Files.writeString(
        file,
        """
        {"question": "1+1?", "answer": "It is <<1+1=2>>2\\n#### 2"}
        {"instruction": "Name it", "context": "a cat", "response": "Tom", "category": "qa"}
        {"instruction": "Name it", "context": "", "response": "Tom"}
        """);
    List<BenchRecord> records = BenchRecord.first(file, 5);
    assertThat(records).hasSize(3);
    assertThat(records.get(0).answer()).isEqualTo("It is <<1+1=2>>2\nThe answer is 2");
    assertThat(records.get(0).prompt()).endsWith("### Instruction:\n1+1?\n\n### Response:");
    assertThat(records.get(1).prompt()).contains("further context").contains("### Input:\na cat");
    assertThat(records.get(2).prompt()).doesNotContain("Input");
  }

  @Test
  void saysWhichRecordIsNotOne() throws IOException {
    Path file = folder.resolve("records.jsonl");
    Files.writeString(file, "{\"question\": \"1+1?\", \"answer\": \"2\"}\n{\"text\": 1}\n");
    assertThatThrownBy(() -> BenchRecord.first(file, 2))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(file + ":2: has neither question and answer (GSM8K)");
  }

  @Test
  void refusesArgumentsThatMeanNothing() {
    assertThatThrownBy(
            () ->
                new StepBench.Arguments(
                    folder, DType.FLOAT32, 0, 1, 5, TARGETS, 0, false, 2, "cpu"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("batch = 0 is not valid")
        .hasMessageContaining("length = 1 is not valid");
  }

  @Test
  void refusesDevicesThatAreNotThere() {
    Path checkpoint = Path.of("../quickstart/model");
    assertThatThrownBy(
            () ->
                new StepBench.Arguments(
                    checkpoint, DType.FLOAT32, 1, 8, 1, TARGETS, 0, false, 1, "tpu:0"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("device = \"tpu:0\" cannot be used; choose cpu, gpu");
    StepBench.Arguments beyond =
        new StepBench.Arguments(
            checkpoint, DType.FLOAT32, 1, 8, 1, TARGETS, 0, false, 1, "gpu:4000");
    assertThatThrownBy(() -> StepBench.run(beyond))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("Cannot compute on gpu:4000");
  }

  @Test
  void encodesEveryRecordWhateverTheThreads() throws IOException {
    Path file = folder.resolve("records.jsonl");
    String record = "{\"question\": \"1+1?\", \"answer\": \"It is 2\\n#### 2\"}\n";
    Files.writeString(file, record.repeat(200));
    Path model = Path.of("../quickstart/model");
    Map<String, Object> one = EncodeBench.run(new EncodeBench.Arguments(model, file, 512, 1));
    Map<String, Object> three = EncodeBench.run(new EncodeBench.Arguments(model, file, 512, 3));
    assertThat(one).containsEntry("records", 200).containsEntry("threads", 1);
    assertThat(three.get("tokens")).isEqualTo(one.get("tokens"));
    assertThat(one).hasEntrySatisfying("tokens", n -> assertThat((Long) n % 200).isZero());
    assertThat(three)
        .hasEntrySatisfying("records_per_second", n -> assertThat((Double) n).isPositive());
  }

  @Test
  void timesStepsOnATinyModel() {
    Path checkpoint = SharedData.path("fixtures/models/llama");
    Map<String, Object> result =
        StepBench.run(
            new StepBench.Arguments(
                checkpoint, DType.FLOAT32, 2, 16, 3, TARGETS, 0, false, 1, "cpu"));
    assertThat(result)
        .containsEntry("work", "step")
        .containsEntry("dtype", "float32")
        .containsEntry("batch", 2)
        .containsEntry("times", 3)
        .containsEntry("tokens_per_step", 32)
        .containsKeys("seconds_min", "seconds_median", "peak_resident_mb");
    // with so few steps there is no beginning to compare memory with
    assertThat(result).doesNotContainKey("resident_mb_at_end");
    assertThat(result)
        .hasEntrySatisfying(
            "multiply_share", share -> assertThat((Double) share).isBetween(0.0, 1.5));
  }

  @Test
  void saysWhatIsResidentAtTheBeginningAndAtTheEndOfManySteps() {
    Path checkpoint = SharedData.path("fixtures/models/llama");
    Map<String, Object> result =
        StepBench.run(
            new StepBench.Arguments(
                checkpoint, DType.FLOAT32, 1, 4, 400, TARGETS, 0, false, 1, "cpu"));
    for (String key : List.of("resident_mb_at_200", "resident_mb_at_end")) {
      assertThat(result)
          .hasEntrySatisfying(key, resident -> assertThat((Long) resident).isBetween(50L, 20_000L));
    }
  }

  @Test
  void refusesMoreClientsAtOnceThanThereAre() {
    Path checkpoint = SharedData.path("fixtures/models/llama");
    assertThatThrownBy(
            () ->
                new ClientsBench.Arguments(
                    checkpoint,
                    checkpoint,
                    DType.FLOAT32,
                    2,
                    3,
                    1,
                    1,
                    1,
                    512,
                    TARGETS,
                    0,
                    false,
                    1,
                    "cpu"))
        .hasMessageContaining("at-once")
        .hasMessageContaining("give 1 to --clients, 2");
  }

  @Test
  void refusesRowsLongerThanTheModelReads() {
    Path checkpoint = SharedData.path("fixtures/models/llama");
    assertThatThrownBy(
            () ->
                StepBench.run(
                    new StepBench.Arguments(
                        checkpoint, DType.FLOAT32, 1, 1000, 1, TARGETS, 0, false, 1, "cpu")))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("--length 1000 is more than the model's 256 positions");
  }

  @Test
  void fineTunesAndGeneratesWithSmolLm2() {
    Path checkpoint = SharedData.smolLm2();
    Path data = SharedData.path("data/gsm8k/train.jsonl");
    Map<String, Object> sft =
        SftBench.run(
            new SftBench.Arguments(
                checkpoint, data, DType.FLOAT32, 1, 1, 512, TARGETS, 0.1, false, 1, "cpu"));
    assertThat(sft).containsKey("examples_per_second");
    assertThat(sft.get("real_tokens")).isInstanceOf(Integer.class);
    assertThat(
            ClientsBench.run(
                new ClientsBench.Arguments(
                    checkpoint,
                    data,
                    DType.FLOAT32,
                    3,
                    2,
                    2,
                    1,
                    1,
                    512,
                    TARGETS,
                    0,
                    false,
                    1,
                    "cpu")))
        .containsEntry("times", 6) // a step of each client in each round
        .containsEntry("clients", 3)
        .containsEntry("at_once", 2)
        .containsKeys("examples_per_second", "switch_seconds", "adapters_mb")
        .hasEntrySatisfying(
            "peak_resident_mb_of_one", peak -> assertThat((Long) peak).isPositive());
    Map<String, Object> generated =
        GenerateBench.run(
            new GenerateBench.Arguments(
                checkpoint,
                data,
                DType.FLOAT32,
                2,
                2,
                3,
                1,
                GenerateBench.Demonstrations.NONE,
                1,
                "cpu"));
    assertThat(generated)
        .containsKeys(
            "new_tokens_per_second",
            "decode_tokens_per_second",
            "prefill_tokens_per_second",
            "prompt_tokens");
    assertThat(generated).containsEntry("batch", 2).containsEntry("times", 1);
  }

  @Test
  void choosesTheSameHoweverManyQuestionsAreReadAtOnce() {
    Path checkpoint = SharedData.smolLm2();
    Path questions = SharedData.path("data/helm/mmlu/test/econometrics_test.csv");
    Path shots = SharedData.path("data/helm/mmlu/dev/econometrics_dev.csv");
    Map<String, Object> together =
        ChooseBench.run(
            new ChooseBench.Arguments(checkpoint, questions, shots, DType.FLOAT32, 3, 4, 1, "cpu"));
    Map<String, Object> alone =
        ChooseBench.run(
            new ChooseBench.Arguments(checkpoint, questions, shots, DType.FLOAT32, 1, 4, 1, "cpu"));
    assertThat(together).containsEntry("questions", 4).containsKey("questions_per_second");
    assertThat(together.get("correct")).isEqualTo(alone.get("correct"));
  }
}
