// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.EncodedExample;
import dev.tributary.fl.text.ExampleEncoder;
import dev.tributary.fl.text.InstructionExample;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * A split's examples as tokens, below the split under the hash of tokenizer, template and
 * max-tokens and the version of the format: {@code tokens/HASH-2/split=train/client=000/*.parquet},
 * made once and read by every run that asks for the same. Those of another version are not in the
 * way, and not read.
 *
 * <p>Made and counted on the driver; travels to executors, which read clients without Spark.
 */
public final class TokenisedSplit implements Serializable {
  private static final long serialVersionUID = 1;
  private static final String FORMAT = "tributary-tokens";
  private static final int VERSION = 3;
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What is in a client's examples of a split, or in those of several clients.
   *
   * @param examples all of them
   * @param cut examples that lost tokens to max-tokens
   * @param withoutLabel examples whose prompt fills max-tokens: nothing can be learnt from them
   * @param longest tokens of the longest example
   * @param tokens of all examples
   * @param labels tokens that carry a label
   * @param longestWhole tokens of the longest example before any was cut
   * @param wholeTokens of all examples before any was cut
   */
  public record Counts(
      long examples,
      long cut,
      long withoutLabel,
      int longest,
      long tokens,
      long labels,
      int longestWhole,
      long wholeTokens)
      implements Serializable {
    /** Of nobody's examples. */
    public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, 0);

    /** Both together. */
    public Counts plus(Counts other) {
      return new Counts(
          examples + other.examples,
          cut + other.cut,
          withoutLabel + other.withoutLabel,
          Math.max(longest, other.longest),
          tokens + other.tokens,
          labels + other.labels,
          Math.max(longestWhole, other.longestWhole),
          wholeTokens + other.wholeTokens);
    }
  }

  private final String path;
  private final HadoopSettings hadoop;
  private final List<List<Counts>> counts; // by client, and the server behind them; by part

  private TokenisedSplit(String path, HadoopSettings hadoop, List<List<Counts>> counts) {
    this.path = path;
    this.hadoop = hadoop;
    this.counts = new ArrayList<>(counts);
  }

  /** The same for a split that knows no other. */
  public static TokenisedSplit encode(
      SparkSession spark, SplitDirectory split, ExampleEncoder.Source encoder) {
    return encode(spark, split, encoder, Optional.empty(), line -> {});
  }

  /**
   * Tokenises a split, or opens what an earlier run has tokenised alike. Where another split has
   * tokens of the same examples, those are only dealt out anew.
   *
   * @param encoder what examples are encoded with, on executors
   * @param knownSplits as in {@link PreparationContext}
   * @param log told what is done, a line at a time
   */
  public static TokenisedSplit encode(
      SparkSession spark,
      SplitDirectory split,
      ExampleEncoder.Source encoder,
      Optional<String> knownSplits,
      Consumer<String> log) {
    String hash = encoder.sha256().substring(0, 16) + "-" + VERSION;
    Path tokens = SplitDirectory.tokens(new Path(split.path()));
    Path whole = new Path(tokens, hash);
    Configuration hadoop = split.hadoop();
    try {
      Storage storage = Storage.of(tokens, hadoop);
      Path manifest = new Path(whole, "manifest.json");
      Optional<String> known = storage.text(manifest);
      if (known.isPresent()) {
        return read(known.get(), whole, hadoop);
      }
      Path unfinished = new Path(tokens, hash + "-" + UUID.randomUUID() + ".unfinished");
      try {
        KnownSplits others = new KnownSplits(knownSplits, hadoop, log);
        TokenisedSplit counted =
            dealtOut(spark, others.alike(split.key()), hash, split, unfinished, log)
                .orElseGet(() -> made(spark, split, encoder, unfinished, log));
        storage.writeNew(new Path(unfinished, "manifest.json"), counted.manifest(encoder));
        // Another run may have been faster; both have written the same.
        storage.place(unfinished, whole);
        return new TokenisedSplit(whole.toString(), counted.hadoop, counted.counts);
      } finally {
        storage.system().delete(unfinished, true);
        storage.system().delete(new Path(whole, unfinished.getName()), true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot keep tokens in " + tokens + "; is the disk full?", e);
    }
  }

  private static TokenisedSplit made(
      SparkSession spark,
      SplitDirectory split,
      ExampleEncoder.Source encoder,
      Path folder,
      Consumer<String> log) {
    log.accept(String.format(Locale.ROOT, "Tokenising %,d examples", split.manifest().total()));
    write(spark, split, encoder, folder.toString());
    return counted(spark, folder, split);
  }

  /**
   * The tokens that another split has of the same examples.
   *
   * @return nothing if none has them, or its files cannot be read or go away meanwhile
   */
  private static Optional<TokenisedSplit> dealtOut(
      SparkSession spark,
      Stream<SplitDirectory> alike,
      String hash,
      SplitDirectory split,
      Path folder,
      Consumer<String> log) {
    Iterator<SplitDirectory> others = alike.filter(other -> has(other, hash)).iterator();
    while (others.hasNext()) {
      SplitDirectory other = others.next();
      log.accept("Taking the tokens of " + other.path());
      try {
        dealOut(spark, tokens(other, hash), split, folder.toString());
        return Optional.of(counted(spark, folder, split));
      } catch (Exception e) { // Spark's errors are of many kinds, some checked ones undeclared
        log.accept("They cannot be read to the end: " + e.getMessage());
      }
    }
    return Optional.empty();
  }

  /** Where a split's tokens of a hash are, or would be. */
  private static Path tokens(SplitDirectory split, String hash) {
    return new Path(SplitDirectory.tokens(new Path(split.path())), hash);
  }

  private static boolean has(SplitDirectory split, String hash) {
    Path manifest = new Path(tokens(split, hash), "manifest.json");
    try {
      return Storage.of(manifest, split.hadoop()).system().exists(manifest);
    } catch (IOException e) {
      return false; // out of reach: they are made anew
    }
  }

  public String path() {
    return path;
  }

  public int clients() {
    return counts.size() - 1;
  }

  private List<Counts> of(int client) {
    return counts.get(client == SplitDirectory.SERVER ? clients() : client);
  }

  /**
   * What is in one client's examples.
   *
   * @param split {@code train}, {@code validation} or {@code test}; {@code server} for those of
   *     {@link SplitDirectory#SERVER}
   */
  public Counts counts(String split, int client) {
    return of(client).get(Part.of(split).code());
  }

  /** What is in all clients' examples of a split. */
  public Counts counts(String split) {
    int part = Part.of(split).code();
    return counts.stream().map(client -> client.get(part)).reduce(Counts.NONE, Counts::plus);
  }

  /**
   * How long examples are, prompt and answer together, before any is cut: what max-tokens can be
   * chosen by. Reads all files of tokens.
   *
   * @return by split, in the order of the manifest, how many examples have each number of tokens
   */
  public Map<String, SortedMap<Integer, Long>> lengths(SparkSession spark) {
    Map<String, SortedMap<Integer, Long>> lengths = new LinkedHashMap<>();
    Part.LABELS.stream()
        .filter(part -> !part.equals(Part.SERVER.label()) || counts(part).examples() > 0)
        .forEach(part -> lengths.put(part, new TreeMap<>()));
    stored(spark, path)
        .groupBy("split", "whole_tokens")
        .count()
        .collectAsList()
        .forEach(
            row ->
                lengths
                    .computeIfAbsent(row.getString(0), part -> new TreeMap<>())
                    .put(row.getInt(1), row.getLong(2)));
    return lengths;
  }

  /**
   * One client's examples in the order of the file, which is that of their ids. On executors or the
   * driver, by any thread.
   *
   * @param split {@code train}, {@code validation} or {@code test}; {@code server} for those of
   *     {@link SplitDirectory#SERVER}
   * @return nothing if the client has none there
   * @throws UncheckedIOException if the files hold another number of examples than {@link
   *     #counts(String, int)}, e.g. because this machine does not see them
   */
  public List<EncodedExample> read(String split, int client) {
    if (client < SplitDirectory.SERVER || client >= clients()) {
      throw new IllegalArgumentException(
          "There is no client " + client + " among the " + clients() + " of " + path);
    }
    Part part = Part.of(split);
    List<EncodedExample> examples =
        ClientFiles.read(path, part, client, hadoop.configuration(), TokenisedSplit::example);
    long expected = counts(split, client).examples();
    if (examples.size() != expected) {
      String message =
          "Cannot use the tokens in "
              + ClientFiles.folder(path, part, client)
              + ": "
              + examples.size()
              + " examples are there where the split has "
              + expected
              + "; give a data.output that all machines of the cluster see or, if they see this"
              + " one, remove "
              + path
              + " to make the tokens anew";
      throw new UncheckedIOException(message, new IOException(message));
    }
    return examples;
  }

  private static EncodedExample example(Group row) {
    Group list = row.getGroup("tokens", 0);
    int[] tokens = new int[list.getFieldRepetitionCount(0)];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = list.getGroup(0, i).getInteger(0, 0);
    }
    return new EncodedExample(
        row.getString("example_id", 0),
        tokens,
        row.getInteger("prompt_tokens", 0),
        row.getInteger("whole_tokens", 0));
  }

  // ---- making it

  private static final StructType SCHEMA =
      new StructType()
          .add("example_id", DataTypes.StringType, false)
          .add("tokens", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
          .add("prompt_tokens", DataTypes.IntegerType, false)
          .add("whole_tokens", DataTypes.IntegerType, false)
          .add("split", DataTypes.StringType, false)
          .add("client", DataTypes.IntegerType, false);

  /** Writes the tokens that another split has of the same examples. */
  private static void dealOut(
      SparkSession spark, Path tokens, SplitDirectory split, String folder) {
    Dataset<Row> places = split.examples(spark).select("example_id", "split", "client");
    Dataset<Row> rows =
        stored(spark, tokens.toString()).drop("split", "client").join(places, "example_id");
    ClientFiles.write(rows, folder, folders(split), split.manifest().total());
  }

  private static int folders(SplitDirectory split) {
    return split.clients() * (Part.COUNT - 1) + 1;
  }

  private static void write(
      SparkSession spark, SplitDirectory split, ExampleEncoder.Source encoder, String folder) {
    Dataset<Row> examples =
        split
            .examples(spark)
            .select("example_id", "category", "instruction", "input", "output", "split", "client");
    Broadcast<byte[]> there =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .broadcast(ClosureBytes.of(encoder, ExampleEncoder.Source.class));
    try {
      JavaRDD<Row> rows = examples.javaRDD().mapPartitions(new Encoding(there));
      ClientFiles.write(
          spark.createDataFrame(rows, SCHEMA), folder, folders(split), split.manifest().total());
    } finally {
      there.destroy();
    }
  }

  /** Encodes the rows of a partition, with a tokenizer of its own. */
  private record Encoding(Broadcast<byte[]> source) implements FlatMapFunction<Iterator<Row>, Row> {
    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
      if (!rows.hasNext()) {
        return rows;
      }
      ExampleEncoder encoder =
          ClosureBytes.value(source.value(), ExampleEncoder.Source.class).open();
      TaskContext task = TaskContext.get();
      task.addTaskCompletionListener(
          (TaskCompletionListener) context -> encoder.tokenizer().close());
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return rows.hasNext();
        }

        @Override
        public Row next() {
          return encoded(encoder, rows.next());
        }
      };
    }

    private static Row encoded(ExampleEncoder encoder, Row row) {
      EncodedExample encoded =
          encoder.encode(
              new InstructionExample(
                  row.getString(0),
                  row.getString(1),
                  row.getString(2),
                  row.getString(3),
                  row.getString(4)));
      return RowFactory.create(
          encoded.id(),
          encoded.tokens(),
          encoded.promptTokens(),
          encoded.wholeTokens(),
          row.getString(5),
          row.getInt(6));
    }
  }

  private static Dataset<Row> stored(SparkSession spark, String folder) {
    return spark.read().schema(SCHEMA).parquet(folder);
  }

  private static TokenisedSplit counted(SparkSession spark, Path folder, SplitDirectory split) {
    Column length = expr("size(tokens)");
    Column labels = expr("size(tokens) - greatest(prompt_tokens, 1)");
    Column whole = col("whole_tokens");
    Column zero = lit(0L);
    List<List<Counts>> counts = new ArrayList<>();
    for (int i = 0; i <= split.clients(); i++) { // the last is the server
      counts.add(new ArrayList<>(Collections.nCopies(Part.COUNT, Counts.NONE)));
    }
    stored(spark, folder.toString())
        .groupBy("split", "client")
        .agg(
            count(lit(1)),
            coalesce(sum(when(whole.gt(length), 1L)), zero),
            coalesce(sum(when(labels.equalTo(0), 1L)), zero),
            max(length),
            sum(length),
            sum(labels),
            max(whole),
            sum(whole))
        .collectAsList()
        .forEach(
            row ->
                counts
                    .get(row.getInt(1) == SplitDirectory.SERVER ? split.clients() : row.getInt(1))
                    .set(
                        Part.of(row.getString(0)).code(),
                        new Counts(
                            row.getLong(2),
                            row.getLong(3),
                            row.getLong(4),
                            row.getInt(5),
                            row.getLong(6),
                            row.getLong(7),
                            row.getInt(8),
                            row.getLong(9))));
    TokenisedSplit tokenised =
        new TokenisedSplit(folder.toString(), new HadoopSettings(split.hadoop()), counts);
    for (int client = SplitDirectory.SERVER; client < split.clients(); client++) {
      for (Part part : Part.values()) {
        long there = tokenised.counts(part.label(), client).examples();
        if (there != split.examples(part.label(), client)) {
          throw new IllegalStateException(
              String.format(
                  "Split %s has %d %s examples of client %d where its manifest says %d; remove it"
                      + " and prepare again",
                  split.path(), there, part.label(), client, split.examples(part.label(), client)));
        }
      }
    }
    return tokenised;
  }

  // ---- its manifest

  private String manifest(ExampleEncoder.Source encoder) {
    ObjectNode tree = JSON.createObjectNode();
    tree.put("format", FORMAT);
    tree.put("format_version", VERSION);
    tree.put("encoder_sha256", encoder.sha256());
    tree.put("tokenizer", encoder.tokenizer().origin());
    tree.put("tokenizer_sha256", encoder.tokenizer().sha256());
    tree.put("template", encoder.template().identity());
    tree.put("max_tokens", encoder.maxTokens());
    for (int client = 0; client < clients(); client++) {
      put(of(client), tree.withArray("clients").addObject());
    }
    put(of(SplitDirectory.SERVER), tree.putObject("server"));
    return tree.toPrettyString() + "\n";
  }

  private static void put(List<Counts> byPart, ObjectNode entry) {
    for (Part part : Part.values()) {
      Counts c = byPart.get(part.code());
      if (c.examples() > 0) {
        entry
            .putObject(part.label())
            .put("examples", c.examples())
            .put("cut", c.cut())
            .put("without_label", c.withoutLabel())
            .put("longest", c.longest())
            .put("tokens", c.tokens())
            .put("labels", c.labels())
            .put("longest_whole", c.longestWhole())
            .put("whole_tokens", c.wholeTokens());
      }
    }
  }

  private static List<Counts> counts(JsonNode entry) {
    List<Counts> byPart = new ArrayList<>();
    for (Part part : Part.values()) {
      JsonNode c = entry.path(part.label());
      byPart.add(
          new Counts(
              c.path("examples").asLong(),
              c.path("cut").asLong(),
              c.path("without_label").asLong(),
              c.path("longest").asInt(),
              c.path("tokens").asLong(),
              c.path("labels").asLong(),
              c.path("longest_whole").asInt(),
              c.path("whole_tokens").asLong()));
    }
    return byPart;
  }

  private static TokenisedSplit read(String json, Path folder, Configuration hadoop) {
    JsonNode tree;
    try {
      tree = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw (InputException) damaged(folder, e.getOriginalMessage()).initCause(e);
    }
    int version = tree.path("format_version").asInt();
    if (!tree.path("format").asText().equals(FORMAT) || version != VERSION) {
      throw damaged(folder, "format version " + version + " instead of " + VERSION);
    }
    List<List<Counts>> counts = new ArrayList<>();
    tree.path("clients").forEach(client -> counts.add(counts(client)));
    counts.add(counts(tree.path("server")));
    return new TokenisedSplit(folder.toString(), new HadoopSettings(hadoop), counts);
  }

  private static InputException damaged(Path folder, String what) {
    return new InputException(
        "Cannot use the tokens in " + folder + ": " + what + "; remove the folder to make it anew");
  }
}
