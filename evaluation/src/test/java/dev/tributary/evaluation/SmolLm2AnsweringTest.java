// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.evaluation.task.Gsm8k;
import dev.tributary.evaluation.task.Gsm8k.Prompts;
import dev.tributary.evaluation.task.Gsm8k.Protocol;
import dev.tributary.fl.adapter.BaseOnly;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.script.TorchScript;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.fl.text.InstructionExample;
import dev.tributary.fl.text.StopTokens;
import dev.tributary.fl.text.Tokenizer;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** GSM8K's prompts and stops on a real tokenizer and a real model. */
class SmolLm2AnsweringTest {
  @Test
  void theNextQuestionIsKnownByItsTokens() {
    try (Tokenizer tokenizer = Tokenizer.open(SharedData.smolLm2())) {
      List<int[]> stops = StopTokens.of(List.of("\nQ:"), List.of(), tokenizer);

      assertThat(stops)
          .containsExactly(new int[] {tokenizer.endOfTextToken()}, tokenizer.encodePlain("\nQ:"));
    }
  }

  @Test
  void answersOfARealModelDoNotDependOnTheBatch() {
    String path = SharedData.path("data/gsm8k/test.jsonl").toString();
    Gsm8k task =
        new Gsm8k(new Gsm8k.Config(path, 4, 2, Prompts.FEW_SHOT, 0, 40, Protocol.DEFAULT, "gsm8k"));
    Benchmark benchmark =
        task.read(new TaskContext(BenchmarkFiles.local(), InstructionExample::instruction));
    Chunk chunk = Answering.plan(benchmark.questions(), 4).get(0);
    Checkpoint checkpoint = Checkpoint.open(SharedData.smolLm2());
    try (Tokenizer tokenizer = Tokenizer.open(SharedData.smolLm2());
        CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, Device.cpu());
        TrainedWeights weights = model.weights(new BaseOnly(), new NamedTensors(Map.of()))) {

      Answers together = Answering.answer(chunk, model, weights, tokenizer, Batches.DEFAULT);
      Answers alone = Answering.answer(chunk, model, weights, tokenizer, Batches.of(1));

      assertThat(sorted(together)).isEqualTo(sorted(alone)).hasSize(4);
      assertThat(sorted(together))
          .allSatisfy(
              answer ->
                  assertThat(((Answer.Given) answer).output()).isNotBlank().doesNotContain("\nQ:"));
    }
  }

  private static List<Answer> sorted(Answers answers) {
    return answers.answers().stream().sorted(Comparator.comparingInt(Answer::place)).toList();
  }
}
