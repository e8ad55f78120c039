// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * GPUs by Spark's resource scheduling, with a discovery script that only claims them: the address
 * that a task is given is the device that it computes on.
 */
class GpuResourcesIT {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  @TempDir private static Path directory;

  @Test
  void theAddressOfATaskIsItsDevice() throws IOException {
    Path script = directory.resolve("discover.sh");
    Files.writeString(script, "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"7\"]}'\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    TinyExperiment tiny = TinyExperiment.in(directory);
    String options =
        "-Dspark.worker.resource.gpu.amount=1 -Dspark.worker.resource.gpu.discoveryScript="
            + script;
    try (SparkCluster cluster = SparkCluster.start(Path.of("target"), 1, 1, options)) {
      SparkCluster.Result result =
          cluster
              .submit(gpus(1), List.of("train", tiny.file("gpu", 1, 2).toString(), "evaluation={}"))
              .result(LIMIT);
      assertThat(result.exitCode()).isEqualTo(2);
      assertThat(result.log())
          .contains("Cannot compute on gpu:7: libtorch finds no GPU here; choose cpu");
      assertThat(tiny.output("gpu").resolve("adapter")).doesNotExist();
      cluster.clean();

      // Tasks that prepare data ask for no GPU; those that compute do, by their stages' profile.
      SparkCluster.Result byStage =
          cluster
              .submit(
                  executorsWithGpus(),
                  List.of(
                      "train",
                      tiny.file("stage", 1, 2).toString(),
                      "evaluation={}",
                      "data.output=" + directory.resolve("stage-split")))
              .result(LIMIT);
      assertThat(byStage.exitCode()).isEqualTo(2);
      assertThat(byStage.log()).contains("Cannot compute on gpu:7: libtorch finds no GPU here");
      assertThat(byStage.log()).contains("resource profile 0").contains("resource profile 1");
      cluster.clean();

      SparkCluster.Result fewer =
          cluster
              .submit(
                  gpus(1),
                  List.of(
                      "train",
                      tiny.file("two", 1, 2).toString(),
                      "evaluation={}",
                      "model.devices=2",
                      "training.batch-size=4"))
              .result(LIMIT);
      assertThat(fewer.exitCode()).isEqualTo(2);
      assertThat(fewer.log()).contains("Cannot compute on 2 GPUs: a task has 1 here");
      cluster.clean();
    }
  }

  private static List<String> gpus(int amount) {
    List<String> options = new ArrayList<>(executorsWithGpus());
    options.addAll(List.of("--conf", "spark.task.resource.gpu.amount=" + amount));
    return options;
  }

  private static List<String> executorsWithGpus() {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("--conf", "spark.executor.resource.gpu.amount=1"));
    options.addAll(List.of("--executor-cores", "1", "--total-executor-cores", "1"));
    return options;
  }
}
