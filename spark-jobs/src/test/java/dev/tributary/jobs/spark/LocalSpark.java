// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** The one Spark session of a test JVM, as commands open it. */
public final class LocalSpark {
  private LocalSpark() {}

  public static SparkSession session() {
    return Sessions.open("tests", Optional.of("local[2]"), 1);
  }

  static JavaSparkContext context() {
    return JavaSparkContext.fromSparkContext(session().sparkContext());
  }
}
