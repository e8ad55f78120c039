// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.CorpusFiles.CorpusFile;
import dev.tributary.fl.config.Choice;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * A corpus in files and archives.
 *
 * @param corpus that they are read as
 * @param files what lies at the path
 */
record FileSource(
    Choice<Corpus> corpus,
    CorpusFiles files,
    JavaSparkContext spark,
    HadoopSettings settings,
    int tasks)
    implements CorpusSource {
  /** Smaller corpora are hashed by the driver: a Spark job would take longer. */
  private static final long HASHED_BY_DRIVER_BYTES = 64L << 20;

  static FileSource of(DataConfig config, SparkSession session, int tasks) {
    HadoopSettings settings = new HadoopSettings(session.sessionState().newHadoopConf());
    return new FileSource(
        config.corpus(),
        CorpusFiles.at(config.path(), config.corpus().create(), settings.configuration()),
        JavaSparkContext.fromSparkContext(session.sparkContext()),
        settings,
        tasks);
  }

  @Override
  public String described() {
    int count = files.files().size();
    long bytes = files.files().stream().mapToLong(CorpusFile::bytes).sum();
    return String.format(
        Locale.ROOT, "%d file%s, %.1f MB,", count, count == 1 ? "" : "s", bytes / 1e6);
  }

  @Override
  public boolean looksLike(Manifest.Source there) {
    return entries().equals(there.files());
  }

  @Override
  public Manifest.Source described(DataConfig config) {
    return new Manifest.Source(
        ConfigTree.of(config.corpus()), config.path(), contentSha256(), entries());
  }

  @Override
  public CorpusFiles files(Path folder, Manifest.Source described) {
    return new Unpacking(spark, corpus, settings, tasks, folder).of(files);
  }

  private List<Manifest.Source.File> entries() {
    return files.files().stream()
        .map(f -> new Manifest.Source.File(f.name(), f.bytes(), f.modifiedMillis()))
        .toList();
  }

  private String contentSha256() {
    List<CorpusFile> all = files.files();
    List<String> hashes;
    if (all.stream().mapToLong(CorpusFile::bytes).sum() <= HASHED_BY_DRIVER_BYTES) {
      hashes = all.stream().map(file -> sha256(file, settings.configuration())).toList();
    } else {
      CorpusFiles those = files;
      HadoopSettings there = settings;
      hashes =
          spark
              .parallelize(IntStream.range(0, all.size()).boxed().toList(), all.size())
              .map(i -> sha256(those.files().get(i), there.configuration()))
              .collect();
    }
    MessageDigest digest = sha256Digest();
    hashes.stream()
        .sorted()
        .forEach(hash -> digest.update((hash + "\n").getBytes(StandardCharsets.UTF_8)));
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Of the content, and of what the name says about it. */
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
    return HexFormat.of().formatHex(digest.digest()) + (PieceReader.isTabbed(file) ? " tabs" : "");
  }

  static MessageDigest sha256Digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
