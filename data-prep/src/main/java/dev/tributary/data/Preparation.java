// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.seed.Seed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * From a corpus to a split directory.
 *
 * <ol>
 *   <li>Look: a split that is there and is what is asked for is all that is needed.
 *   <li>Read: every example's identity and label, of the corpus ({@link CorpusExamples}) or, if one
 *       is known, of a split with the same examples ({@link SplitExamples}).
 *   <li>Deal: the driver assigns every example to a client and a split; see {@link Assignment}.
 *   <li>Write: Spark SQL writes each client's examples.
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
  private final SparkSession session;
  private final DataConfig config;
  private final long seed;
  private final String output;
  private final PreparationContext context;
  private final Consumer<String> log;
  private final int tasks;
  private final Configuration hadoop;
  private final KnownSplits knownSplits;
  private final Corpus corpus;

  private Preparation(
      SparkSession session,
      DataConfig config,
      long seed,
      String output,
      PreparationContext context,
      Consumer<String> log,
      int tasks) {
    this.session = session;
    this.config = config;
    this.seed = seed;
    this.output = output;
    this.context = context;
    this.log = log;
    this.tasks = tasks;
    this.hadoop = session.sessionState().newHadoopConf();
    this.knownSplits = new KnownSplits(context.knownSplits(), hadoop, log);
    this.corpus = config.corpus().create();
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
      SparkSession spark,
      DataConfig config,
      long seed,
      String output,
      PreparationContext context,
      Consumer<String> log) {
    int tasks = spark.sparkContext().defaultParallelism();
    return prepare(spark, config, seed, output, context, log, tasks);
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
      PreparationContext context,
      Consumer<String> log,
      int tasks) {
    return new Preparation(spark, config, seed, output, context, log, tasks).prepare();
  }

  /** As the experiment file says it. */
  static String label(DataConfig.BrokenRecords brokenRecords) {
    return brokenRecords.name().toLowerCase(Locale.ROOT);
  }

  private SplitDirectory prepare() {
    // Looked for first: examples that come after this have their manifest by then, or get it.
    Optional<InputException> obstacle = SplitDirectory.obstacle(output, hadoop);
    Optional<SplitDirectory> existing = SplitDirectory.find(output, hadoop);
    Inspection inspection = Inspection.of(config.clean(), context);
    Map<String, Object> clean = inspection.described(config.clean());
    if (existing.isPresent()) {
      Manifest.Source there = existing.get().manifest().corpus();
      SplitDirectory split = sameAsAsked(existing.get(), currentSha256(there), clean);
      split.checkFilesAreThere();
      log.accept("Using the split that is in " + output);
      knownSplits.remember(split.key(), split);
      return split;
    }
    if (obstacle.isPresent()) {
      throw obstacle.get();
    }
    String label = config.splitter().create().by().orElse("category");
    Survey.checkColumn(label, corpus, config.corpus().name());

    CorpusSource source = CorpusSource.of(config, session, tasks);
    Manifest.Source described = source.described(config);
    try (UnfinishedSplit unfinished = UnfinishedSplit.in(output, hadoop)) {
      unfinished.others().forEach(this::tellOf);
      unfinished.checkWritable();
      Origin origin = new Origin(described, clean, label);
      Manifest manifest =
          fromKnownSplit(origin, unfinished)
              .orElseGet(
                  () -> deal(read(source, origin, unfinished, inspection), origin, unfinished));
      boolean first = unfinished.settle(manifest);
      SplitDirectory split = sameAsAsked(settled(), described.contentSha256(), clean);
      if (!first) {
        log.accept("Using the split that was made in " + output + " meanwhile");
      }
      knownSplits.remember(split.key(), split);
      return split;
    }
  }

  /**
   * What examples are of, before they are dealt out.
   *
   * @param clean as manifests tell it
   * @param label column of the labels
   */
  private record Origin(Manifest.Source corpus, Map<String, Object> clean, String label) {}

  /** Writes every example to its place; what lay there before is replaced. */
  private Manifest deal(Examples examples, Origin origin, UnfinishedSplit unfinished) {
    checkThereAreSome(examples);
    Population population = examples.population();
    String name = config.splitter().name();
    log.accept(
        String.format(Locale.ROOT, "Dealing %,d examples out by %s", population.size(), name));
    Assignment assignment =
        Assignment.of(population, config.splitter().create(), name, config.holdout(), dataSeed());
    log.accept("Writing " + assignment.names().size() + " clients to " + output);
    examples.write(assignment, unfinished.examples());
    return new ManifestBuilder(population, assignment, origin.label())
        .build(
            config, seed, origin.corpus(), examples.columns(), examples.skipped(), origin.clean());
  }

  private Seed dataSeed() {
    return Seed.of(seed).child("data");
  }

  /**
   * Deals out the examples of another split, so that the corpus need not be read.
   *
   * @return nothing if no split has them, or its files cannot be read or go away meanwhile
   */
  private Optional<Manifest> fromKnownSplit(Origin origin, UnfinishedSplit unfinished) {
    String key =
        KnownSplits.key(
            origin.corpus(),
            label(config.brokenRecords()),
            origin.clean(),
            seed,
            corpus.share() < 1);
    Iterator<SplitDirectory> alike = knownSplits.alike(key).iterator();
    while (alike.hasNext()) {
      SplitDirectory split = alike.next();
      log.accept("Reading the examples of " + split.path() + ", which are those of this corpus");
      try {
        return Optional.of(
            deal(SplitExamples.read(session, split, origin.label()), origin, unfinished));
      } catch (InputException e) {
        throw e;
      } catch (Exception e) { // Spark's errors are of many kinds, some checked ones undeclared
        log.accept("They cannot be read to the end: " + firstLine(e));
      }
    }
    return Optional.empty();
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getName());
  }

  private Examples read(
      CorpusSource source, Origin origin, UnfinishedSplit unfinished, Inspection inspection) {
    log.accept("Reading " + source.described() + " of corpus " + config.corpus().name());
    return new CorpusExamples(
        session,
        source.files(unfinished.unpacked(), origin.corpus()),
        config,
        origin.label(),
        inspection,
        tasks,
        dataSeed().child("sample"),
        log);
  }

  private void checkThereAreSome(Examples examples) {
    if (examples.population().size() == 0) {
      Map<String, Long> skipped = examples.skipped();
      throw new InputException(
          "data.path = "
              + config.path()
              + " is not valid; there is no example in it"
              + (skipped.isEmpty() ? "" : ", only what is left out: " + skipped)
              + ": name a file that has some"
              + (config.clean().equals(Cleaning.NONE) ? "" : ", or leave less out by data.clean"));
    }
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

  // ---- what is there already

  /** Of the corpus as it is now; read again only if it looks different. */
  private String currentSha256(Manifest.Source there) {
    if (there.path().equals(config.path()) && isGone()) {
      return there.contentSha256();
    }
    CorpusSource source = CorpusSource.of(config, session, tasks);
    return source.looksLike(there)
        ? there.contentSha256()
        : source.described(config).contentSha256();
  }

  private SplitDirectory sameAsAsked(
      SplitDirectory split, String contentSha256, Map<String, Object> clean) {
    List<String> differences = split.differences(config, seed, contentSha256, clean);
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
    if (corpus.format() == Corpus.Format.TABLE) {
      return !TableSource.exists(config.path(), session);
    }
    try {
      Path path = CorpusFiles.located(config.path());
      return !path.getFileSystem(hadoop).exists(path);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look up " + config.path(), e);
    }
  }
}
