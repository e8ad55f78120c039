// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import dev.tributary.jobs.table.Table.Stored;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/**
 * The tables of one run directory or split directory, written and read through Spark SQL; on the
 * driver. Whoever reads while a table is written sees the old one or the new one.
 */
public final class RunTables {
  private final SparkSession session;
  private final Path folder;
  private final FileSystem files;

  /**
   * @param directory local path or URI of a Hadoop file system; need not exist yet
   */
  public RunTables(SparkSession session, String directory) {
    this.session = session;
    try {
      Path given = new Path(new Path(directory), "tables");
      this.files =
          given.toUri().getScheme() == null
              ? FileSystem.getLocal(session.sparkContext().hadoopConfiguration())
              : given.getFileSystem(session.sparkContext().hadoopConfiguration());
      this.folder = files.makeQualified(given);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot open the tables of " + directory, e);
    }
  }

  /**
   * Writes a table in the place of what is there.
   *
   * @param subject the run's id, or the hash of the split's content
   * @throws UncheckedIOException if it cannot be written; the old one is still there then
   */
  public <R extends Record> void write(
      Table<R> table, String subject, String experiment, List<R> values) {
    Path target = new Path(folder, table.name());
    Path fresh = fresh(table, subject, experiment, values);
    Path old = old(table);
    try {
      if (files.exists(target)) {
        // Between the two renames there is no table; read() takes the old one then.
        files.delete(old, true);
        rename(target, old);
      }
      rename(fresh, target);
      files.delete(old, true);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + target + ": " + e.getMessage(), e);
    }
  }

  /**
   * Writes the rows of one round of a table that is too large to be written as a whole each time:
   * one file a round, in the place of that round's, and of the table if it was written as a whole.
   *
   * @throws UncheckedIOException if it cannot be written; the old file is still there then
   */
  public <R extends Record> void writeRound(
      Table<R> table, String runId, String experiment, int round, List<R> values) {
    Path target =
        new Path(
            new Path(folder, table.name()),
            String.format(Locale.ROOT, "round-%05d.parquet", round));
    Path fresh = fresh(table, runId, experiment, values);
    try {
      Path part = null;
      for (FileStatus file : files.listStatus(fresh)) {
        if (file.getPath().getName().endsWith(".parquet")) {
          part = file.getPath();
        }
      }
      if (part == null) {
        throw new IOException("Spark wrote no file to " + fresh);
      }
      files.mkdirs(target.getParent());
      for (FileStatus file : files.listStatus(target.getParent())) {
        if (file.getPath().getName().startsWith("part-")) { // the table was written as a whole
          files.delete(file.getPath(), false);
        }
      }
      FileContext.getFileContext(target.toUri(), files.getConf())
          .rename(part, target, Options.Rename.OVERWRITE);
      files.delete(fresh, true);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + target + ": " + e.getMessage(), e);
    }
  }

  /** Rows in one file of a temporary folder. */
  private <R extends Record> Path fresh(
      Table<R> table, String subject, String experiment, List<R> values) {
    List<Row> rows =
        values.stream().map(v -> table.row(new Stored<>(subject, experiment, v))).toList();
    Path fresh = new Path(folder, "." + table.name() + ".tmp");
    session
        .createDataFrame(rows, table.schema())
        .coalesce(1)
        .write()
        .mode(SaveMode.Overwrite)
        .parquet(fresh.toString());
    return fresh;
  }

  private void rename(Path from, Path to) throws IOException {
    if (!files.rename(from, to)) {
      throw new IOException(from + " cannot be renamed to " + to);
    }
  }

  private Path old(Table<?> table) {
    return new Path(folder, "." + table.name() + ".old");
  }

  /**
   * The rows of a table, in the order they were written if they are few (one file); none if there
   * is no such table yet.
   */
  public <R extends Record> List<Stored<R>> read(Table<R> table) {
    try {
      for (Path place : List.of(new Path(folder, table.name()), old(table))) {
        if (files.exists(place)) {
          Dataset<Row> stored = session.read().parquet(place.toString());
          return stored.collectAsList().stream().map(table::stored).toList();
        }
      }
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + folder + ": " + e.getMessage(), e);
    }
  }
}
