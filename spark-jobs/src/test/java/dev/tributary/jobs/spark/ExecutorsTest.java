// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.apache.spark.SparkConf;
import org.apache.spark.storage.BlockManagerId;
import org.junit.jupiter.api.Test;
import scala.Option;

class ExecutorsTest {
  private static final List<BlockManagerId> ALL =
      List.of(block("driver", "head"), block("0", "a"), block("1", "b"), block("12", "b"));

  @Test
  void prefersThoseThatHaveTheBase() {
    assertThat(Executors.preferred(ALL, Set.of("12", "0")))
        .containsExactly("executor_a_0", "executor_b_12");
  }

  @Test
  void prefersNothingWhereAllHaveItOrNone() {
    assertThat(Executors.preferred(ALL, Set.of())).isEmpty();
    assertThat(Executors.preferred(ALL, Set.of("0", "1", "12"))).isEmpty();
    assertThat(Executors.preferred(List.of(block("driver", "head")), Set.of("driver"))).isEmpty();
  }

  @Test
  void forgetsThoseThatHaveEnded() {
    assertThat(Executors.preferred(ALL, Set.of("1", "7"))).containsExactly("executor_b_1");
    assertThat(Executors.preferred(ALL, Set.of("7"))).isEmpty();
  }

  @Test
  void asksForGpusWhereExecutorsHaveThemAndTasksDoNotAsk() {
    SparkConf conf = new SparkConf(false).set("spark.master", "spark://head:7077");
    assertThat(Executors.asksForGpus(conf)).isFalse();
    conf.set("spark.executor.resource.gpu.amount", "2");
    assertThat(Executors.asksForGpus(conf)).isTrue();
    conf.set("spark.task.resource.gpu.amount", "0.5");
    assertThat(Executors.asksForGpus(conf)).isFalse();
    assertThat(Executors.hasGpus(conf)).isTrue();
    assertThat(Executors.hasGpus(conf.set("spark.master", "local[2,4]"))).isFalse();
  }

  private static BlockManagerId block(String executor, String host) {
    return BlockManagerId.apply(executor, host, 7337, Option.empty());
  }
}
