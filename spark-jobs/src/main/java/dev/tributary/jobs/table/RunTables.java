// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.table;

import dev.tributary.jobs.table.Table.Stored;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;

/**
 * The tables of one run directory, written and read through Spark SQL; on the driver. Whoever reads
 * while a table is written sees the old one or the new one.
 */
public final class RunTables {
  private final SparkSession session;
  private final Path folder;
  private final FileSystem files;

  /**
   * @param runDirectory local path or URI of a Hadoop file system; need not exist yet
   */
  public RunTables(SparkSession session, String runDirectory) {
    this.session = session;
    try {
      Path given = new Path(new Path(runDirectory), "tables");
      this.files =
          given.toUri().getScheme() == null
              ? FileSystem.getLocal(session.sparkContext().hadoopConfiguration())
              : given.getFileSystem(session.sparkContext().hadoopConfiguration());
      this.folder = files.makeQualified(given);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot open the tables of " + runDirectory, e);
    }
  }

  /**
   * Writes a table in the place of what is there.
   *
   * @throws UncheckedIOException if it cannot be written; the old one is still there then
   */
  public <R extends Record> void write(
      Table<R> table, String runId, String experiment, List<R> values) {
    List<Row> rows =
        values.stream().map(v -> table.row(new Stored<>(runId, experiment, v))).toList();
    Path target = new Path(folder, table.name());
    Path fresh = new Path(folder, "." + table.name() + ".tmp");
    Path old = old(table);
    session
        .createDataFrame(rows, table.schema())
        .coalesce(1)
        .write()
        .mode(SaveMode.Overwrite)
        .parquet(fresh.toString());
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
