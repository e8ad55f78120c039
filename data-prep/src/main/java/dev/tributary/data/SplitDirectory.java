// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * A prepared split on disk: {@code manifest.json}, put there last, and {@code
 * examples/split=train/client=000/*.parquet}. Used by the driver; what executors read is the {@link
 * TokenisedSplit}. Others may put {@code report} and {@code tables} about it beside them.
 */
public final class SplitDirectory {
  /** In the place of a client's number, whose examples the server's are. */
  public static final int SERVER = Part.NO_CLIENT;

  private final String path;
  private final Manifest manifest;
  private final Configuration hadoop;

  SplitDirectory(String path, Manifest manifest, Configuration hadoop) {
    this.path = path;
    this.manifest = manifest;
    this.hadoop = hadoop;
  }

  /**
   * A whole split; empty if there is none. Where nothing but the manifest's rename is missing it is
   * done; see {@link UnfinishedSplit}.
   *
   * @param path local or of any Hadoop file system
   * @throws InputException if it is of another version
   */
  public static Optional<SplitDirectory> find(String path, Configuration hadoop) {
    Path directory = new Path(path);
    Path file = manifest(directory);
    try {
      Storage storage = Storage.of(directory, hadoop);
      Optional<String> json = storage.text(file);
      if (json.isEmpty()) {
        UnfinishedSplit.finishMoved(storage, directory);
        json = storage.text(file);
      }
      return json.map(
          text -> new SplitDirectory(path, Manifest.read(text, file.toString()), hadoop));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  /**
   * What stands in the way of a new split: examples or tokens that no manifest tells of. They may
   * be the user's own, so they are not removed.
   */
  static Optional<InputException> obstacle(String path, Configuration hadoop) {
    Path directory = new Path(path);
    try {
      Storage storage = Storage.of(directory, hadoop);
      for (Path folder : List.of(examples(directory), tokens(directory))) {
        if (storage.system().exists(folder)) {
          return Optional.of(
              new InputException(
                  "Cannot write a split to "
                      + path
                      + ": its folder "
                      + folder.getName()
                      + " holds something that no manifest.json there tells of; name another"
                      + " data.output, or remove that folder"));
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look into " + path, e);
    }
  }

  public String path() {
    return path;
  }

  /**
   * Checks that the files of everybody who holds examples are there; does not open them.
   *
   * @throws InputException if some are not
   */
  void checkFilesAreThere() {
    Set<String> folders = new HashSet<>();
    Path examples = examples(new Path(path));
    try {
      FileSystem system = examples.getFileSystem(hadoop);
      if (system.exists(examples)) {
        RemoteIterator<LocatedFileStatus> files = system.listFiles(examples, true);
        while (files.hasNext()) {
          Path file = files.next().getPath();
          if (file.getName().endsWith(".parquet")) {
            folders.add(file.getParent().getParent().getName() + "/" + file.getParent().getName());
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + examples, e);
    }
    for (Manifest.Client holder : manifest.holders()) {
      holder
          .examples()
          .forEach(
              (part, count) -> {
                String folder = "split=" + part + "/client=" + ClientFiles.padded(holder.client());
                if (count > 0 && !folders.contains(folder)) {
                  throw new InputException(
                      "The split in "
                          + path
                          + " has lost the "
                          + count
                          + " examples of its folder "
                          + folder
                          + "; remove the split to make it anew, or name another data.output");
                }
              });
    }
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
   * @param split {@code train}, {@code validation} or {@code test}; {@code server} for those of the
   *     client {@link #SERVER}
   */
  public long examples(String split, int client) {
    Manifest.Client holder = client == SERVER ? manifest.server() : manifest.clients().get(client);
    return holder.examples().getOrDefault(Part.of(split).label(), 0L);
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
   * @param clean that is asked for, as {@link Manifest#clean()} has it
   */
  List<String> differences(
      DataConfig config, long seed, String contentSha256, Map<String, Object> clean) {
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
    compare("clean", manifest.clean(), clean, differences);
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

  /** What it shares with splits that deal the same examples out otherwise. */
  String key() {
    return KnownSplits.key(
        manifest.corpus(),
        manifest.brokenRecords(),
        manifest.clean(),
        manifest.seed(),
        manifest.skipped().containsKey(Selection.NOT_SAMPLED));
  }

  String examplesPath() {
    return examples(new Path(path)).toString();
  }

  static Path examples(Path directory) {
    return new Path(directory, "examples");
  }

  static Path tokens(Path directory) {
    return new Path(directory, "tokens");
  }

  static Path manifest(Path directory) {
    return new Path(directory, "manifest.json");
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

  @Override
  public String toString() {
    return "split " + path + " " + Map.copyOf(manifest.examples());
  }
}
