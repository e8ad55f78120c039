// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A prepared split on disk: {@code manifest.json}, written last, and {@code
 * examples/split=train/client=000/*.parquet}. Used by the driver; what executors read is the {@link
 * TokenisedSplit}.
 */
public final class SplitDirectory {
  private static final String MANIFEST = "manifest.json";

  private final String path;
  private final Manifest manifest;
  private final Configuration hadoop;

  SplitDirectory(String path, Manifest manifest, Configuration hadoop) {
    this.path = path;
    this.manifest = manifest;
    this.hadoop = hadoop;
  }

  /**
   * A whole split; empty if there is none, or only half of one.
   *
   * @param path local or of any Hadoop file system
   * @throws InputException if it is of another version
   */
  public static Optional<SplitDirectory> find(String path, Configuration hadoop) {
    Path file = new Path(path, MANIFEST);
    try {
      return Storage.of(file, hadoop)
          .text(file)
          .map(json -> new SplitDirectory(path, Manifest.read(json, file.toString()), hadoop));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  public String path() {
    return path;
  }

  public Manifest manifest() {
    return manifest;
  }

  public int clients() {
    return manifest.clients().size();
  }

  /**
   * How many examples a client has.
   *
   * @param split {@code train}, {@code validation} or {@code test}
   */
  public long examples(String split, int client) {
    return manifest.clients().get(client).examples().getOrDefault(Part.of(split).label(), 0L);
  }

  /** All examples, with the columns {@code split} (text) and {@code client} (number) besides. */
  public Dataset<Row> examples(SparkSession spark) {
    StructType schema = schema(manifest.columns());
    return spark.read().schema(schema).parquet(examplesPath());
  }

  /**
   * What would be another split: each difference with both values, e.g. {@code seed: 17 in the
   * split, 18 asked for}.
   *
   * @param contentSha256 of the corpus that is asked for, as {@link Manifest.Source} has it
   */
  List<String> differences(DataConfig config, long seed, String contentSha256) {
    List<String> differences = new ArrayList<>();
    compare("corpus", manifest.corpus().settings(), ConfigTree.of(config.corpus()), differences);
    compare(
        "content of the corpus (SHA-256)",
        manifest.corpus().contentSha256(),
        contentSha256,
        differences);
    compare("seed", manifest.seed(), seed, differences);
    compare("splitter", manifest.splitter(), ConfigTree.of(config.splitter()), differences);
    compare("holdout", manifest.holdout(), ConfigTree.of(config.holdout()), differences);
    compare(
        "broken-records",
        manifest.brokenRecords(),
        Preparation.label(config.brokenRecords()),
        differences);
    return differences;
  }

  private static void compare(String key, Object there, Object asked, List<String> differences) {
    JsonNode a = Manifest.tree(there);
    JsonNode b = Manifest.tree(asked);
    if (a.equals(b)) {
      return;
    }
    if (a.isObject() && b.isObject() && a.path("name").equals(b.path("name"))) {
      Set<String> names = new LinkedHashSet<>();
      a.fieldNames().forEachRemaining(names::add);
      b.fieldNames().forEachRemaining(names::add);
      names.forEach(name -> compare(key + "." + name, a.path(name), b.path(name), differences));
      return;
    }
    differences.add(key + ": " + shown(a) + " in the split, " + shown(b) + " asked for");
  }

  private static String shown(JsonNode node) {
    if (node.isMissingNode()) {
      return "nothing";
    }
    return node.isTextual() ? node.asText() : node.toString();
  }

  String examplesPath() {
    return examplesPath(path);
  }

  static String examplesPath(String path) {
    return new Path(path, "examples").toString();
  }

  Configuration hadoop() {
    return hadoop;
  }

  /** The columns of the files, and split and client, which stand in the path. */
  static StructType schema(Collection<String> columns) {
    StructType schema = new StructType();
    for (String column : columns) {
      schema = schema.add(column, DataTypes.StringType, false);
    }
    return schema
        .add("split", DataTypes.StringType, false)
        .add("client", DataTypes.IntegerType, false);
  }

  /** Writes the manifest, which makes the split whole. */
  static SplitDirectory complete(String path, Manifest manifest, Configuration hadoop) {
    Path file = new Path(path, MANIFEST);
    try {
      Storage.of(file, hadoop).writeNew(file, manifest.toJson());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + "; is the disk full?", e);
    }
    return new SplitDirectory(path, manifest, hadoop);
  }

  /**
   * Removes what an earlier, unfinished preparation left.
   *
   * @throws InputException if something else lies where examples would be written
   */
  static void removeHalfWritten(String path, Configuration hadoop) {
    Path root = new Path(path);
    try {
      Storage storage = Storage.of(root, hadoop);
      for (String folder : List.of("examples", "tokens")) {
        Path there = new Path(root, folder);
        for (FileStatus child : storage.children(there)) {
          String name = child.getPath().getName();
          if (folder.equals("examples") && !name.matches("split=.*|_.*|\\..*")) {
            throw new InputException(
                "Cannot write a split to "
                    + path
                    + ": its folder examples holds something else, "
                    + name
                    + "; name another data.output");
          }
        }
        storage.system().delete(there, true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove the half-written split " + path, e);
    }
  }

  @Override
  public String toString() {
    return "split " + path + " " + Map.copyOf(manifest.examples());
  }
}
