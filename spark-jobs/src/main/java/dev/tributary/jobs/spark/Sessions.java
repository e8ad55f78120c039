// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Spark session of a command: the one that runs already (a notebook's), else a new one with
 * settings that suit training. What the user set, by spark-submit or spark-defaults.conf, stands.
 */
public final class Sessions {
  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);
  private static final Pattern LOCAL = Pattern.compile("local(\\[(\\d+|\\*)])?");

  private Sessions() {}

  /**
   * Opens the session; the caller stops it at the end of the command.
   *
   * @param name what the application is called
   * @param master a cluster or {@code local[N]}; empty for spark-submit's, or all cores of this
   *     machine
   * @param threadsPerTask computing threads of a client, which Spark counts as so many cores
   */
  public static SparkSession open(String name, Optional<String> master, int threadsPerTask) {
    SparkConf conf = settings(new SparkConf(), name, master, threadsPerTask);
    SparkSession session = SparkSession.builder().config(conf).getOrCreate();
    int counted = session.sparkContext().conf().getInt("spark.task.cpus", 1);
    if (counted != threadsPerTask) {
      LOG.warn(
          "A client computes with {} threads (threads-per-client), but Spark counts {} cores a task"
              + " (spark.task.cpus): executors are {}; results are the same",
          threadsPerTask,
          counted,
          counted < threadsPerTask ? "overbooked" : "partly idle");
    }
    return session;
  }

  /** Fills in what the user left open. */
  static SparkConf settings(
      SparkConf conf, String name, Optional<String> master, int threadsPerTask) {
    String where = master.or(() -> option(conf, "spark.master")).orElse("local[*]");
    conf.setMaster(where).setIfMissing("spark.app.name", name);
    // The sum over a job, not what waits at once; answers are put aside as they arrive.
    conf.setIfMissing("spark.driver.maxResultSize", "0");
    // MiB of one task's description: what a client keeps between rounds travels in it.
    conf.setIfMissing("spark.rpc.message.maxSize", "2047");
    conf.setIfMissing("spark.sql.debug.maxToStringFields", "200"); // tables are wider than 25
    // Threads that spin while they wait take the cores of executors beside them.
    conf.setIfMissing("spark.executorEnv.GOMP_SPINCOUNT", "1000");
    Matcher local = LOCAL.matcher(where);
    if (local.matches()) {
      String cores = local.group(2) == null ? "1" : local.group(2);
      int available =
          cores.equals("*") ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(cores);
      // Plain local[N] never tries a task again.
      conf.setMaster("local[" + cores + "," + conf.get("spark.task.maxFailures", "4") + "]");
      conf.setIfMissing("spark.task.cpus", "" + Math.min(threadsPerTask, Math.max(1, available)));
      conf.setIfMissing("spark.driver.host", "127.0.0.1");
      conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
      conf.setIfMissing("spark.ui.enabled", "false");
      conf.setIfMissing("spark.sql.shuffle.partitions", "8");
      conf.setIfMissing(
          "spark.sql.warehouse.dir",
          Path.of(System.getProperty("java.io.tmpdir"), "tributary-warehouse").toUri().toString());
    } else {
      int executorCores = conf.getInt("spark.executor.cores", threadsPerTask);
      conf.setIfMissing("spark.task.cpus", "" + Math.min(threadsPerTask, executorCores));
    }
    return conf;
  }

  private static Optional<String> option(SparkConf conf, String key) {
    return conf.contains(key) ? Optional.of(conf.get(key)) : Optional.empty();
  }
}
