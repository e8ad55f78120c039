// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.FullFineTuning;
import dev.tributary.fl.adapter.Lora;
import dev.tributary.fl.adapter.LoraConfig;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.OptimizerRule;
import dev.tributary.fl.model.PackedBatch;
import dev.tributary.fl.model.PackedBatch.Beginning;
import dev.tributary.fl.model.TrainedWeights;
import dev.tributary.fl.seed.Seed;
import dev.tributary.fl.testing.TestDevice;
import dev.tributary.fl.testing.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several clients on one base: nothing leaks from one to the other, nor from step to step. */
class SharedBaseTest {
  private static final OptimizerRule ADAMW = new OptimizerRule.AdamW(0.9, 0.999, 1e-8, 0.01);

  @TempDir Path folder;

  private static Lora lora(double dropout) {
    return new Lora(new LoraConfig(4, 8, dropout, List.of("q_proj", "v_proj", "down_proj"), false));
  }

  /** A client's training: other clients have other data and seeds. */
  private static NamedTensors trained(
      CausalLm model, AdapterMethod method, Checkpoint checkpoint, int client) {
    try (TrainedWeights weights =
        model.weights(method, method.initial(checkpoint, Seed.of(client)))) {
      for (int step = 1; step <= 6; step++) {
        PackedBatch batch =
            PackedBatch.of(
                GradientOracleTest.examples(3, 40, 100L * client + step), Beginning.REPEATED);
        weights.addGradients(batch, 1.0 / batch.labels(), 1000L * client + step);
        weights.update(ADAMW, 1e-2, step);
      }
      return weights.state();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void clientsSideBySideTrainAsOneAfterTheOther(int threads) throws Exception {
    Checkpoint checkpoint = TinyModels.llama(folder, 61);
    TorchScript.setThreads(threads);
    for (AdapterMethod method : List.of(lora(0.2), new FullFineTuning())) {
      try (CausalLm model = TorchScript.load(checkpoint, DType.FLOAT32, TestDevice.chosen())) {
        List<NamedTensors> alone = new ArrayList<>();
        for (int client = 0; client < 4; client++) {
          alone.add(trained(model, method, checkpoint, client));
        }
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
          List<Callable<NamedTensors>> tasks = new ArrayList<>();
          for (int client = 0; client < 4; client++) {
            int number = client;
            tasks.add(() -> trained(model, method, checkpoint, number));
          }
          List<Future<NamedTensors>> together = pool.invokeAll(tasks);
          for (int client = 0; client < 4; client++) {
            NamedTensors found = together.get(client).get();
            alone
                .get(client)
                .byName()
                .forEach(
                    (name, tensor) ->
                        assertThat(found.get(name).values()).containsExactly(tensor.values()));
          }
        } finally {
          pool.shutdownNow();
        }
      }
    }
  }

  @Test
  void manyStepsNeedNoMoreMemoryThanFew() throws Exception {
    Checkpoint checkpoint = TinyModels.llama(folder, 61);
    Lora lora = lora(0.1);
    try (ScriptModel model =
            ScriptModel.load(
                checkpoint, ComputeType.FLOAT32, TorchScript.checked(TestDevice.chosen()));
        TrainedWeights weights = model.weights(lora, lora.initial(checkpoint, Seed.of(1)))) {
      NamedTensors reference = weights.state();
      int arrays = 0;
      long resident = 0;
      for (int step = 1; step <= 300; step++) {
        PackedBatch batch =
            PackedBatch.of(GradientOracleTest.examples(3, 40, 1), Beginning.REPEATED);
        weights.addGradients(batch, 1.0 / batch.labels(), step);
        weights.gradientNorm();
        weights.scaleGradients(0.5);
        weights.addDifferenceToGradients(0.1, reference);
        weights.addToGradients(0.1, reference);
        weights.update(ADAMW, 1e-3, step);
        if (step % 20 == 0) {
          model.generate(weights, List.of(new int[] {3, 4, 5}), 4, List.of());
          model.logProbabilities(weights, batch);
          weights.optimizerState();
        }
        if (step == 100) {
          arrays = model.manager().getManagedArrays().size();
          resident = residentKilobytes();
        }
      }
      assertThat(model.manager().getManagedArrays()).hasSize(arrays);
      // Java's own heap may still grow a little
      assertThat(residentKilobytes() - resident).isLessThan(60_000);
    }
  }

  static long residentKilobytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IOException("no VmRSS");
  }

  @Test
  void gpuThatIsNotThereIsRefused() {
    Checkpoint checkpoint = TinyModels.llama(folder, 61);
    assertThatThrownBy(() -> TorchScript.load(checkpoint, DType.FLOAT32, Device.gpu(99)))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("Cannot compute on gpu:99")
        .hasMessageContaining("choose cpu");
  }
}
