// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.BrokenRecord.Reason;
import dev.tributary.data.CorpusFiles.CorpusFile;
import dev.tributary.data.CorpusFiles.Piece;
import dev.tributary.data.RecordParser.Outcome;
import dev.tributary.data.RecordParser.Read;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.TaskCompletionListener;

/**
 * From a corpus to a split directory, in two passes over the files.
 *
 * <ol>
 *   <li>Survey: tasks read pieces of the files and tell the driver each record's identity and
 *       label, or what is wrong with it.
 *   <li>Deal: the driver assigns every example to a client and a split; see {@link Assignment}.
 *   <li>Write: tasks read the pieces again, and Spark SQL writes each client's examples.
 *   <li>Close: examples and manifest are renamed into place; only then there is a split.
 * </ol>
 *
 * <p>Several may prepare into one directory at once: the split of the first to close is that of all
 * who asked for the same, and the others are refused. See {@link UnfinishedSplit}.
 *
 * <p>The result does not depend on the order of files and records, on pieces, partitions or the
 * cluster. Runs on the driver.
 */
public final class Preparation {
  /** Smaller corpora are hashed by the driver: a Spark job would take longer. */
  private static final long HASHED_BY_DRIVER_BYTES = 64L << 20;

  /** In the place of client and part. */
  private static final int LEFT_OUT = -1;

  private final JavaSparkContext spark;
  private final SparkSession session;
  private final DataConfig config;
  private final long seed;
  private final String output;
  private final Consumer<String> log;
  private final int tasks;
  private final Configuration hadoop;
  private final HadoopSettings settings;

  private Preparation(
      SparkSession session,
      DataConfig config,
      long seed,
      String output,
      Consumer<String> log,
      int tasks) {
    this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.session = session;
    this.config = config;
    this.seed = seed;
    this.output = output;
    this.log = log;
    this.tasks = tasks;
    this.hadoop = session.sessionState().newHadoopConf();
    this.settings = new HadoopSettings(hadoop);
  }

  /**
   * Makes a split, or returns the one that is there if it is the very same.
   *
   * @param seed the experiment's; decides who gets what, and what is held out
   * @param output the split directory, local or of any Hadoop file system
   * @param log told what is done, a line at a time
   * @throws InputException if the corpus or the configuration cannot be used, or another split or
   *     other examples are in the way; nothing that was there before is removed
   */
  public static SplitDirectory prepare(
      SparkSession spark, DataConfig config, long seed, String output, Consumer<String> log) {
    return prepare(spark, config, seed, output, log, spark.sparkContext().defaultParallelism());
  }

  /**
   * The same, read in pieces for a number of tasks.
   *
   * @param tasks that run at the same time, or are thought to
   */
  static SplitDirectory prepare(
      SparkSession spark,
      DataConfig config,
      long seed,
      String output,
      Consumer<String> log,
      int tasks) {
    return new Preparation(spark, config, seed, output, log, tasks).prepare();
  }

  /** As the experiment file says it. */
  static String label(DataConfig.BrokenRecords brokenRecords) {
    return brokenRecords.name().toLowerCase(Locale.ROOT);
  }

  private SplitDirectory prepare() {
    // Looked for first: examples that come after this have their manifest by then, or get it.
    Optional<InputException> obstacle = SplitDirectory.obstacle(output, hadoop);
    Optional<SplitDirectory> existing = SplitDirectory.find(output, hadoop);
    if (existing.isPresent()) {
      Manifest.Source source = existing.get().manifest().corpus();
      SplitDirectory split = sameAsAsked(existing.get(), currentSha256(source));
      log.accept("Using the split that is in " + output);
      return split;
    }
    if (obstacle.isPresent()) {
      throw obstacle.get();
    }
    Corpus corpus = config.corpus().create();
    Splitter splitter = config.splitter().create();
    String label = splitter.by().orElse("category");
    Survey.checkColumn(label, corpus, config.corpus().name());

    CorpusFiles source = CorpusFiles.at(config.path(), corpus, hadoop);
    try (UnfinishedSplit unfinished = UnfinishedSplit.in(output, hadoop)) {
      unfinished.others().forEach(this::tellOf);
      log.accept("Reading " + described(source) + " of corpus " + config.corpus().name());
      CorpusFiles files =
          new Unpacking(spark, config.corpus(), settings, tasks, unfinished.unpacked()).of(source);
      return prepare(source, files, unfinished, corpus, splitter, label);
    }
  }

  /**
   * @param source what lies at the path
   * @param files the same with archives unpacked
   */
  private SplitDirectory prepare(
      CorpusFiles source,
      CorpusFiles files,
      UnfinishedSplit unfinished,
      Corpus corpus,
      Splitter splitter,
      String label) {
    List<Piece> pieces = files.pieces(tasks, corpus.format(), hadoop);
    List<Survey> surveys = survey(files, pieces, label);
    Map<String, Long> skipped = skipped(surveys, files, pieces);
    Population all = Population.of(surveys);
    Seed dataSeed = Seed.of(seed).child("data");
    Selection selection =
        Selection.of(all, config.clean(), corpus.share(), dataSeed.child("sample"));
    skipped.putAll(selection.counts());
    Population population = all.without(selection.dropped());
    if (population.size() == 0) {
      throw new InputException(
          "data.path = "
              + config.path()
              + " is not valid; there is no example in it"
              + (skipped.isEmpty() ? "" : ", only what is left out: " + skipped)
              + ": name a file that has some");
    }
    log.accept(
        String.format(
            Locale.ROOT, "Dealing %,d examples out by %s", population.size(), splitterName()));
    Assignment assignment =
        Assignment.of(population, splitter, splitterName(), config.holdout(), dataSeed);

    List<String> columns = columns(corpus);
    log.accept("Writing " + assignment.names().size() + " clients to " + output);
    write(files, pieces, surveys, all, population, assignment, columns, unfinished.examples());
    Manifest manifest =
        new ManifestBuilder(population, assignment, label)
            .build(config, seed, source(source), columns, skipped);
    boolean first = unfinished.settle(manifest);
    SplitDirectory split = sameAsAsked(settled(), manifest.corpus().contentSha256());
    if (!first) {
      log.accept("Using the split that was made in " + output + " meanwhile");
    }
    return split;
  }

  private SplitDirectory settled() {
    Optional<SplitDirectory> split = SplitDirectory.find(output, hadoop);
    if (split.isEmpty()) {
      throw SplitDirectory.obstacle(output, hadoop)
          .orElseGet(() -> new InputException(output + " was removed meanwhile; prepare again"));
    }
    return split.get();
  }

  private void tellOf(String unfinished) {
    log.accept(
        output
            + " holds "
            + unfinished
            + " of a preparation that is running or was killed; remove it if none is running");
  }

  private String splitterName() {
    return config.splitter().name();
  }

  // ---- what is there already

  /** Of the corpus as it is now; read again only if its files look different. */
  private String currentSha256(Manifest.Source there) {
    if (there.path().equals(config.path()) && isGone()) {
      return there.contentSha256();
    }
    CorpusFiles files = CorpusFiles.at(config.path(), config.corpus().create(), hadoop);
    return entries(files).equals(there.files()) ? there.contentSha256() : contentSha256(files);
  }

  private SplitDirectory sameAsAsked(SplitDirectory split, String contentSha256) {
    List<String> differences = split.differences(config, seed, contentSha256);
    if (!differences.isEmpty()) {
      throw new InputException(
          "Cannot prepare into "
              + output
              + ": another split is there ("
              + String.join("; ", differences)
              + "); name another data.output, or remove that split");
    }
    return split;
  }

  /** A split outlives its corpus: who has it need not have the files any more. */
  private boolean isGone() {
    try {
      Path path = CorpusFiles.located(config.path());
      return !path.getFileSystem(hadoop).exists(path);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look up " + config.path(), e);
    }
  }

  private Manifest.Source source(CorpusFiles files) {
    return new Manifest.Source(
        ConfigTree.of(config.corpus()), config.path(), contentSha256(files), entries(files));
  }

  private static List<Manifest.Source.File> entries(CorpusFiles files) {
    return files.files().stream()
        .map(f -> new Manifest.Source.File(f.name(), f.bytes(), f.modifiedMillis()))
        .toList();
  }

  private String contentSha256(CorpusFiles files) {
    List<CorpusFile> all = files.files();
    List<String> hashes;
    if (all.stream().mapToLong(CorpusFile::bytes).sum() <= HASHED_BY_DRIVER_BYTES) {
      hashes = all.stream().map(file -> sha256(file, hadoop)).toList();
    } else {
      HadoopSettings there = settings;
      hashes =
          spark
              .parallelize(IntStream.range(0, all.size()).boxed().toList(), all.size())
              .map(i -> sha256(files.files().get(i), there.configuration()))
              .collect();
    }
    MessageDigest digest = sha256Digest();
    hashes.stream()
        .sorted()
        .forEach(hash -> digest.update((hash + "\n").getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().formatHex(digest.digest());
  }

  private static String sha256(CorpusFile file, Configuration hadoop) {
    MessageDigest digest = sha256Digest();
    try (InputStream in = CorpusFiles.open(file, hadoop)) {
      byte[] chunk = new byte[1 << 16];
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        digest.update(chunk, 0, read);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file.name(), e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256Digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  // ---- first pass

  private List<Survey> survey(CorpusFiles files, List<Piece> pieces, String label) {
    PieceOpener opener = new PieceOpener(files, pieces, config.corpus(), settings);
    DataConfig.BrokenRecords brokenRecords = config.brokenRecords();
    return indices(pieces)
        .map(
            index -> {
              try (PieceReader reader = opener.open(index)) {
                return Survey.of(reader, opener.corpus().create(), label, brokenRecords);
              }
            })
        .collect();
  }

  /** Pieces as partitions of their own, up to a few for each task that runs at a time. */
  private JavaRDD<Integer> indices(List<Piece> pieces) {
    int most = 8 * tasks;
    return spark.parallelize(
        IntStream.range(0, pieces.size()).boxed().toList(),
        Math.max(1, Math.min(pieces.size(), most)));
  }

  /**
   * Broken records by reason; the first of them ends preparation unless they may be skipped. The
   * first few of each reason are told.
   */
  private Map<String, Long> skipped(List<Survey> surveys, CorpusFiles files, List<Piece> pieces) {
    Map<String, Long> skipped = new TreeMap<>();
    Map<Reason, Integer> told = new EnumMap<>(Reason.class);
    long linesBefore = 0; // in the file; a piece that was not read to its end ends preparation
    for (int i = 0; i < surveys.size(); i++) {
      if (i > 0 && pieces.get(i).file() != pieces.get(i - 1).file()) {
        linesBefore = 0;
      }
      CorpusFile file = files.files().get(pieces.get(i).file());
      for (BrokenRecord record : surveys.get(i).described()) {
        String message = file.name() + ":" + (linesBefore + record.line()) + ": " + record.what();
        if (record.reason() == Reason.UNREADABLE_REST) {
          throw new InputException(
              message + " (broken-records: skip cannot help, as the rest of the file is lost)");
        }
        if (config.brokenRecords() == DataConfig.BrokenRecords.FAIL) {
          throw new InputException(
              message + ", or count and skip such records with data.broken-records: skip");
        }
        if (told.merge(record.reason(), 1, Integer::sum) <= Survey.DESCRIBED) {
          log.accept("Skipped " + message);
        }
      }
      linesBefore += surveys.get(i).lines();
      surveys.get(i).broken().forEach((reason, n) -> skipped.merge(reason, n, Long::sum));
    }
    return skipped;
  }

  // ---- second pass

  private static List<String> columns(Corpus corpus) {
    List<String> columns =
        new ArrayList<>(List.of("example_id", "category", "instruction", "input", "output"));
    columns.addAll(corpus.columns());
    return columns;
  }

  private void write(
      CorpusFiles files,
      List<Piece> pieces,
      List<Survey> surveys,
      Population all,
      Population population,
      Assignment assignment,
      List<String> columns,
      Path folder) {
    int[] targets = new int[all.size()];
    Arrays.fill(targets, LEFT_OUT);
    for (int i = 0; i < population.size(); i++) {
      targets[population.places()[i]] =
          assignment.clients()[i] * Part.COUNT + assignment.parts()[i];
    }
    int[] starts = new int[surveys.size() + 1];
    for (int i = 0; i < surveys.size(); i++) {
      starts[i + 1] = starts[i] + surveys.get(i).size();
    }
    Broadcast<int[]> targetsThere = spark.broadcast(targets);
    Broadcast<int[]> occurrencesThere = spark.broadcast(all.occurrences());
    try {
      JavaRDD<Row> rows =
          indices(pieces)
              .flatMap(
                  new PlacedRows(
                      new PieceOpener(files, pieces, config.corpus(), settings),
                      starts,
                      targetsThere,
                      occurrencesThere));
      ClientFiles.write(
          session.createDataFrame(rows, SplitDirectory.schema(columns)),
          folder.toString(),
          assignment.names().size() * Part.COUNT,
          population.size());
    } finally {
      targetsThere.destroy();
      occurrencesThere.destroy();
    }
  }

  private static String described(CorpusFiles files) {
    int count = files.files().size();
    long bytes = files.files().stream().mapToLong(CorpusFile::bytes).sum();
    return String.format(
        Locale.ROOT, "%d file%s, %.1f MB,", count, count == 1 ? "" : "s", bytes / 1e6);
  }

  /** Opens pieces on executors. */
  private record PieceOpener(
      CorpusFiles files, List<Piece> pieces, Choice<Corpus> corpus, HadoopSettings settings)
      implements Serializable {
    PieceOpener {
      pieces = List.copyOf(pieces);
    }

    PieceReader open(int index) throws IOException {
      return PieceReader.open(files, pieces.get(index), corpus.create(), settings.configuration());
    }
  }

  /** A piece's examples with identity and place. */
  private record PlacedRows(
      PieceOpener opener, int[] starts, Broadcast<int[]> targets, Broadcast<int[]> occurrences)
      implements FlatMapFunction<Integer, Row> {
    @Override
    public Iterator<Row> call(Integer piece) throws IOException {
      PieceReader reader = opener.open(piece);
      TaskContext task = TaskContext.get();
      task.addTaskCompletionListener(
          (TaskCompletionListener)
              context -> {
                try {
                  reader.close();
                } catch (IOException e) {
                  throw new UncheckedIOException("Cannot close a file of the corpus", e);
                }
              });
      return new RowIterator(
          reader, starts[piece], starts[piece + 1], targets.value(), occurrences.value());
    }
  }

  /** Walks through a piece once more; the order is that of the survey. */
  private static final class RowIterator implements Iterator<Row> {
    private final PieceReader reader;
    private final int end;
    private final int[] targets;
    private final int[] occurrences;
    private final ExampleHash hash = new ExampleHash();
    private int index;
    private Optional<Read> next = Optional.empty();

    RowIterator(PieceReader reader, int start, int end, int[] targets, int[] occurrences) {
      this.reader = reader;
      this.index = start;
      this.end = end;
      this.targets = targets;
      this.occurrences = occurrences;
    }

    @Override
    public boolean hasNext() {
      try {
        while (next.isEmpty()) {
          Optional<Outcome> outcome = reader.next();
          if (outcome.isEmpty()) {
            checkSame(index == end);
            return false;
          }
          if (outcome.get() instanceof Read read) {
            checkSame(index < end);
            if (targets[index] == LEFT_OUT) {
              index++;
            } else {
              next = Optional.of(read);
            }
          }
        }
        return true;
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read the corpus a second time", e);
      }
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Read read = next.orElseThrow();
      next = Optional.empty();
      int target = targets[index];
      List<Object> values = new ArrayList<>();
      values.add(hash.of(read.example()).id(occurrences[index]));
      values.add(read.example().category());
      values.add(read.example().instruction());
      values.add(read.example().input());
      values.add(read.example().output());
      values.addAll(read.columns());
      values.add(Part.at(target % Part.COUNT).label());
      values.add(target / Part.COUNT);
      index++;
      return RowFactory.create(values.toArray());
    }

    private static void checkSame(boolean same) {
      if (!same) {
        throw new IllegalStateException(
            "A file of the corpus was changed while it was read; prepare again");
      }
    }
  }
}
