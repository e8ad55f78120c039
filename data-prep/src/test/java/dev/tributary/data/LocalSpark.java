// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import org.apache.spark.sql.SparkSession;

/** The one Spark session of this JVM's tests. */
final class LocalSpark {
  private LocalSpark() {}

  static SparkSession session() {
    return settings().getOrCreate();
  }

  /** For a test that needs others; it stops the session before and its own after. */
  static SparkSession.Builder settings() {
    return SparkSession.builder()
        .master("local[2]")
        .appName("data-prep tests")
        .config("spark.ui.enabled", false)
        .config("spark.sql.shuffle.partitions", 4)
        .config("spark.driver.bindAddress", "127.0.0.1");
  }
}
