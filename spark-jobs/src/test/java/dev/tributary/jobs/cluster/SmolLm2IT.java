// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.testing.SharedData;
import dev.tributary.jobs.RunJob;
import dev.tributary.jobs.TrainJob;
import dev.tributary.jobs.experiment.ExperimentReader;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.spark.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * conf/gsm8k-smollm2.yaml in a short form, on the real model and corpus: in this JVM, and submitted
 * to a standalone cluster of two Workers. Both give the same adapter and the same answers.
 */
class SmolLm2IT {
  private static final Duration LIMIT = Duration.ofMinutes(15);

  @TempDir private Path directory;

  @Test
  void learnsGsm8kAlikeInLocalModeAndOnTwoWorkers() throws IOException {
    String file = Path.of("../conf/gsm8k-smollm2.yaml").toAbsolutePath().normalize().toString();
    TrainJob.Result local;
    try (SparkSession session = Sessions.open("smollm2", Optional.of("local[2]"), 1)) {
      local =
          RunJob.run(
              session,
              ExperimentReader.read(file, overrides("local/run")).experiment(),
              Progress.silent(),
              (spark, run) -> {});
    }
    assertThat(local.loss().after().orElseThrow()).isLessThan(local.loss().before().orElseThrow());

    List<String> arguments = new ArrayList<>(List.of("run", file, "--json"));
    arguments.addAll(overrides("cluster/run"));
    try (SparkCluster cluster = SparkCluster.start(Path.of("target"), 2, 1)) {
      SparkCluster.Result result =
          cluster
              .submit(List.of("--executor-cores", "1", "--total-executor-cores", "2"), arguments)
              .result(LIMIT);
      assertThat(result.exitCode()).as(result.log()).isZero();
      JsonNode json = new ObjectMapper().readTree(result.lastLine());
      assertThat(json.path("sha256").asText()).isEqualTo(local.sha256());
      assertThat(json.path("loss_after").asDouble()).isEqualTo(local.loss().after().orElseThrow());
      assertThat(local.scores())
          .containsEntry(
              "gsm8k",
              new TrainJob.BeforeAfter(
                  OptionalDouble.of(score(json, "before")),
                  OptionalDouble.of(score(json, "after"))));
    }
  }

  private static double score(JsonNode result, String when) {
    return result.path("scores").path("gsm8k").path(when).asDouble();
  }

  /**
   * @param output in a folder of its own, so that each reads the corpus instead of the other's
   *     split
   */
  private List<String> overrides(String output) {
    return List.of(
        "model.checkpoint=" + SharedData.smolLm2(),
        "data.path=" + SharedData.path("data/gsm8k/train.jsonl"),
        "data.holdout={train: 0.995, validation: 0.005, test: 0}",
        "training.rounds=2",
        "training.local-steps=3",
        "evaluation.tasks[1].path=" + SharedData.path("data/gsm8k/test.jsonl"),
        "evaluation.tasks[1].limit=24",
        "evaluation.tasks[1].new-tokens=48",
        "output=" + directory.resolve(output));
  }
}
