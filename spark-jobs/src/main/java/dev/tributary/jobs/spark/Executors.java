// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.resource.ResourceProfile;
import org.apache.spark.resource.TaskResourceProfile;
import org.apache.spark.resource.TaskResourceRequests;
import org.apache.spark.storage.BlockManagerId;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * The executors that compute with one base model, as the driver knows them; used on the driver's
 * main thread.
 *
 * <p>Those that have answered have the base loaded, and tasks go to them rather than to others, for
 * as long as {@code spark.locality.wait} (3 s): where fewer clients train than there are slots, or
 * an executor joins late, not every machine loads the base for a task or two.
 *
 * <p>Where executors have GPUs ({@code spark.executor.resource.gpu.amount}) that tasks do not ask
 * for ({@code spark.task.resource.gpu.amount} is not set), these tasks alone ask, by a profile of
 * their stages; so preparing data needs none.
 */
public final class Executors {
  private static final ClassTag<byte[]> BYTES = ClassTag$.MODULE$.apply(byte[].class);

  private final JavaSparkContext spark;
  private final int devices;
  private final Set<String> loaded = new TreeSet<>();
  private @Nullable ResourceProfile profile;

  /**
   * @param devices that a task computes on
   */
  public Executors(JavaSparkContext spark, int devices) {
    this.spark = spark;
    this.devices = devices;
  }

  JavaSparkContext spark() {
    return spark;
  }

  /** How many tasks run at once. */
  int slots() {
    return Math.max(1, spark.defaultParallelism() / spark.getConf().getInt("spark.task.cpus", 1));
  }

  /** Notes that an executor has done a piece. */
  void answered(String executor) {
    loaded.add(executor);
  }

  /** One partition a piece, with the executors that are preferred and the devices it needs. */
  RDD<byte[]> place(List<byte[]> pieces) {
    Seq<String> where = scalaSeq(preferred());
    List<Tuple2<byte[], Seq<String>>> placed = new ArrayList<>();
    pieces.forEach(piece -> placed.add(new Tuple2<>(piece, where)));
    RDD<byte[]> all = spark.sc().makeRDD(scalaSeq(placed), BYTES);
    return asksForGpus(spark.getConf()) ? all.withResources(gpus()) : all;
  }

  private List<String> preferred() {
    Collection<BlockManagerId> all =
        JavaConverters.asJavaCollection(
            spark.env().blockManager().master().getMemoryStatus().keys().toSeq());
    return preferred(all, loaded);
  }

  /** Nothing is preferred where all have the base, or none. */
  static List<String> preferred(Collection<BlockManagerId> all, Set<String> loaded) {
    List<BlockManagerId> executors = all.stream().filter(each -> !each.isDriver()).toList();
    List<String> preferred =
        executors.stream()
            .filter(each -> loaded.contains(each.executorId()))
            .map(each -> "executor_" + each.host() + "_" + each.executorId()) // as Spark reads it
            .sorted()
            .toList();
    return preferred.size() == executors.size() ? List.of() : preferred;
  }

  /** Whether executors have GPUs that tasks do not ask for by themselves. */
  static boolean asksForGpus(SparkConf conf) {
    return hasGpus(conf) && !conf.contains("spark.task.resource.gpu.amount");
  }

  /** Whether executors have GPUs. */
  public static boolean hasGpus(SparkConf conf) {
    boolean local = conf.get("spark.master", "").startsWith("local[");
    return !local && conf.getInt("spark.executor.resource.gpu.amount", 0) > 0;
  }

  /** The same each time: Spark keeps every profile that it has seen. */
  private ResourceProfile gpus() {
    ResourceProfile known = profile;
    if (known == null) {
      TaskResourceRequests requests =
          new TaskResourceRequests()
              .cpus(spark.getConf().getInt("spark.task.cpus", 1))
              .resource("gpu", devices);
      known = new TaskResourceProfile(requests.requests());
      profile = known;
    }
    return known;
  }

  private static <T> Seq<T> scalaSeq(List<T> list) {
    return JavaConverters.asScalaBuffer(list).toSeq();
  }
}
