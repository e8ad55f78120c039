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
import dev.tributary.fl.text.InstructionExample;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
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
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * The examples of a corpus's files. Tasks read them piece by piece, once to tell the driver each
 * record's identity and label, or what is wrong with it; once more if near duplicates are looked
 * for; and once to write them.
 */
final class CorpusExamples implements Examples {
  /** In the place of a target, and of a rank. */
  private static final int LEFT_OUT = -1;

  private static final StructType RANKED_TEXTS =
      new StructType()
          .add("rank", DataTypes.IntegerType, false)
          .add("text", DataTypes.StringType, false)
          .add("core", DataTypes.StringType, false);

  private final SparkSession session;
  private final JavaSparkContext spark;
  private final DataConfig config;
  private final int tasks;
  private final PieceOpener opener;
  private final List<Survey> surveys;
  private final Population all;
  private final Population population;
  private final Map<String, Long> skipped;

  /**
   * Reads a corpus for the first time, and leaves out what is not wanted.
   *
   * @param label column of the labels
   * @param tasks that run at the same time
   * @param seed of what is drawn
   * @throws InputException at the first broken record, unless they may be skipped
   */
  CorpusExamples(
      SparkSession session,
      CorpusFiles files,
      DataConfig config,
      String label,
      Inspection inspection,
      int tasks,
      Seed seed,
      Consumer<String> log) {
    this.session = session;
    this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.config = config;
    this.tasks = tasks;
    Configuration hadoop = session.sessionState().newHadoopConf();
    Corpus corpus = config.corpus().create();
    List<Piece> pieces = files.pieces(tasks, corpus.format(), hadoop);
    this.opener = new PieceOpener(files, pieces, config.corpus(), new HadoopSettings(hadoop));
    this.surveys = survey(label, inspection);
    this.skipped = skipped(surveys, files, pieces, log);
    this.all = Population.of(surveys);
    Selection selection =
        Selection.of(all, config.clean(), dropped -> near(dropped, log), corpus.share(), seed);
    this.skipped.putAll(selection.counts());
    this.population = all.without(selection.dropped());
  }

  @Override
  public Population population() {
    return population;
  }

  @Override
  public Map<String, Long> skipped() {
    return skipped;
  }

  @Override
  public List<String> columns() {
    List<String> columns =
        new ArrayList<>(List.of("example_id", "category", "instruction", "input", "output"));
    columns.addAll(config.corpus().create().columns());
    return columns;
  }

  // ---- first pass

  private List<Survey> survey(String label, Inspection inspection) {
    PieceOpener there = opener;
    DataConfig.BrokenRecords brokenRecords = config.brokenRecords();
    return indices()
        .map(
            index -> {
              try (PieceReader reader = there.open(index);
                  Inspector inspector = inspection.open()) {
                return Survey.of(reader, there.corpus().create(), label, brokenRecords, inspector);
              }
            })
        .collect();
  }

  /** Pieces as partitions of their own, up to a few for each task that runs at a time. */
  private JavaRDD<Integer> indices() {
    int pieces = opener.pieces().size();
    return spark.parallelize(
        IntStream.range(0, pieces).boxed().toList(), Math.max(1, Math.min(pieces, 8 * tasks)));
  }

  /**
   * Broken records by reason; the first of them ends preparation unless they may be skipped. The
   * first few of each reason are told.
   */
  private Map<String, Long> skipped(
      List<Survey> surveys, CorpusFiles files, List<Piece> pieces, Consumer<String> log) {
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

  // ---- near duplicates

  /**
   * Those that say nearly the same as another, of those that are left.
   *
   * @param dropped are not looked at
   */
  private BitSet near(BitSet dropped, Consumer<String> log) {
    log.accept("Looking for near duplicates among " + (all.size() - dropped.cardinality()));
    int[] ranks = all.ranks();
    dropped.stream().forEach(i -> ranks[i] = LEFT_OUT);
    Broadcast<int[]> there = spark.broadcast(ranks);
    try {
      JavaRDD<Row> texts =
          indices().flatMap(new EachRead(opener, starts(), there, new RankedText(there)));
      BitSet found =
          NearDuplicates.dropped(
              session.createDataFrame(texts, RANKED_TEXTS),
              config.clean().nearDuplicates().orElseThrow(),
              all.size());
      BitSet places = new BitSet();
      found.stream().forEach(rank -> places.set(all.canonical()[rank]));
      return places;
    } finally {
      there.destroy();
    }
  }

  private record RankedText(Broadcast<int[]> ranks) implements RowOf {
    @Override
    public Row row(int index, Read read, ExampleHash hash) {
      InstructionExample example = read.example();
      String core = example.instruction() + "\n" + example.output();
      return RowFactory.create(ranks.value()[index], core + "\n" + example.input(), core);
    }
  }

  // ---- last pass

  @Override
  public void write(Assignment assignment, Path folder) {
    int[] targets = new int[all.size()];
    Arrays.fill(targets, LEFT_OUT);
    for (int i = 0; i < population.size(); i++) {
      targets[population.places()[i]] = assignment.target(i);
    }
    Broadcast<int[]> targetsThere = spark.broadcast(targets);
    Broadcast<int[]> occurrencesThere = spark.broadcast(all.occurrences());
    try {
      JavaRDD<Row> rows =
          indices()
              .flatMap(
                  new EachRead(
                      opener,
                      starts(),
                      targetsThere,
                      new PlacedExample(targetsThere, occurrencesThere)));
      ClientFiles.write(
          session.createDataFrame(rows, SplitDirectory.schema(columns())),
          folder.toString(),
          assignment.folders(),
          population.size());
    } finally {
      targetsThere.destroy();
      occurrencesThere.destroy();
    }
  }

  /** An example with its identity and place. */
  private record PlacedExample(Broadcast<int[]> targets, Broadcast<int[]> occurrences)
      implements RowOf {
    @Override
    public Row row(int index, Read read, ExampleHash hash) {
      int target = targets.value()[index];
      List<Object> values = new ArrayList<>();
      values.add(hash.of(read.example()).id(occurrences.value()[index]));
      values.add(read.example().category());
      values.add(read.example().instruction());
      values.add(read.example().input());
      values.add(read.example().output());
      values.addAll(read.columns());
      values.add(Assignment.part(target).label());
      values.add(Assignment.client(target));
      return RowFactory.create(values.toArray());
    }
  }

  // ---- going through the pieces once more

  /** Where each piece's examples begin among all, and where the last ends. */
  private int[] starts() {
    int[] starts = new int[surveys.size() + 1];
    for (int i = 0; i < surveys.size(); i++) {
      starts[i + 1] = starts[i] + surveys.get(i).size();
    }
    return starts;
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

  /** What an example becomes; called by one thread at a time. */
  private interface RowOf extends Serializable {
    /**
     * @param index among all examples
     * @param hash to compute with
     */
    Row row(int index, Read read, ExampleHash hash);
  }

  /**
   * Rows of a piece's examples.
   *
   * @param marks by index; {@link #LEFT_OUT} where an example is passed over
   */
  private record EachRead(PieceOpener opener, int[] starts, Broadcast<int[]> marks, RowOf rows)
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
      return new RowIterator(reader, starts[piece], starts[piece + 1], marks.value(), rows);
    }
  }

  /** Walks through a piece once more; the order is that of the survey. */
  private static final class RowIterator implements Iterator<Row> {
    private final PieceReader reader;
    private final int end;
    private final int[] marks;
    private final RowOf rows;
    private final ExampleHash hash = new ExampleHash();
    private int index;
    private Optional<Read> next = Optional.empty();

    RowIterator(PieceReader reader, int start, int end, int[] marks, RowOf rows) {
      this.reader = reader;
      this.index = start;
      this.end = end;
      this.marks = marks;
      this.rows = rows;
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
            if (marks[index] == LEFT_OUT) {
              index++;
            } else {
              next = Optional.of(read);
            }
          }
        }
        return true;
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read the corpus once more", e);
      }
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Read read = next.orElseThrow();
      next = Optional.empty();
      return rows.row(index++, read, hash);
    }

    private static void checkSame(boolean same) {
      if (!same) {
        throw new IllegalStateException(
            "A file of the corpus was changed while it was read; prepare again");
      }
    }
  }
}
