// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class SessionsTest {
  @Test
  void triesTasksAgainInLocalMode() {
    assertThat(settings(Optional.of("local[2]"), 1).get("spark.master")).isEqualTo("local[2,4]");
    assertThat(settings(Optional.empty(), 1).get("spark.master")).isEqualTo("local[*,4]");
    assertThat(settings(Optional.of("local[3,1]"), 1).get("spark.master")).isEqualTo("local[3,1]");
  }

  @Test
  void countsAClientsThreadsAsCoresOfItsTask() {
    SparkConf cluster = settings(Optional.of("spark://somewhere:7077"), 4);
    assertThat(cluster.get("spark.task.cpus")).isEqualTo("4");
    assertThat(cluster.get("spark.master")).isEqualTo("spark://somewhere:7077");
    assertThat(settings(Optional.of("local[2]"), 4).get("spark.task.cpus")).isEqualTo("2");
  }

  @Test
  void leavesWhatTheUserSet() {
    SparkConf given =
        new SparkConf(false)
            .set("spark.master", "local[1]")
            .set("spark.app.name", "mine")
            .set("spark.ui.enabled", "true")
            .set("spark.task.maxFailures", "7")
            .set("spark.driver.maxResultSize", "2g");
    SparkConf conf = Sessions.settings(given, "theirs", Optional.empty(), 1);
    assertThat(conf.get("spark.master")).isEqualTo("local[1,7]");
    assertThat(conf.get("spark.app.name")).isEqualTo("mine");
    assertThat(conf.get("spark.ui.enabled")).isEqualTo("true");
    assertThat(conf.get("spark.driver.maxResultSize")).isEqualTo("2g");
  }

  private static SparkConf settings(Optional<String> master, int threads) {
    return Sessions.settings(new SparkConf(false), "test", master, threads);
  }
}
