// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.report;

import dev.tributary.fl.config.InputException;
import dev.tributary.jobs.run.Lease;
import dev.tributary.jobs.table.RunTables;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/** Writes report pages; a page appears whole or not at all. */
public final class Reports {
  private Reports() {}

  /** Where the page of a run or a split lies. */
  public static String place(String directory) {
    return directory.replaceAll("/+$", "") + "/report/index.html";
  }

  /**
   * Writes a run's page into its directory, from its tables.
   *
   * @param runDirectory local path or URI of a Hadoop file system
   */
  public static void write(SparkSession session, String runDirectory) {
    write(session, runDirectory, ReportPage.html(List.of(RunContents.read(session, runDirectory))));
  }

  /**
   * Writes a split's page and tables into its directory, in the place of those that another
   * experiment may have left there.
   *
   * @param directory the split's; local path or URI of a Hadoop file system
   * @throws InputException if another process does the same at this moment
   */
  public static void write(SparkSession session, String directory, SplitDescription split) {
    Lease lease = lease(session, directory);
    try {
      new SplitTables(split).write(new RunTables(session, directory));
      write(session, directory, SplitPage.html(split));
    } finally {
      lease.close();
    }
  }

  private static Lease lease(SparkSession session, String directory) {
    try {
      return Lease.take(files(session, directory), new Path(directory, ".describing"));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot open " + directory + ": " + e.getMessage(), e);
    }
  }

  private static void write(SparkSession session, String directory, String page) {
    Path target = new Path(place(directory));
    try {
      FileSystem files = files(session, directory);
      Path temporary = new Path(target.getParent(), ".index.html.tmp");
      files.mkdirs(target.getParent());
      try (OutputStream out = files.create(temporary, true)) {
        out.write(page.getBytes(StandardCharsets.UTF_8));
      }
      // rename(2) replaces; other file systems want the place to be free.
      if (!files.rename(temporary, target)) {
        files.delete(target, false);
        if (!files.rename(temporary, target)) {
          throw new IOException(temporary + " cannot be renamed");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + target + ": " + e.getMessage(), e);
    }
  }

  /** Writes one page about several runs to this machine. */
  public static void write(List<RunContents> runs, java.nio.file.Path page) {
    java.nio.file.Path absolute = page.toAbsolutePath();
    java.nio.file.Path temporary = absolute.resolveSibling("." + absolute.getFileName() + ".tmp");
    try {
      if (absolute.getParent() != null) {
        Files.createDirectories(absolute.getParent());
      }
      Files.writeString(temporary, ReportPage.html(runs));
      Files.move(temporary, absolute, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + page, e);
    }
  }

  /** The file system of a run directory; without checksum files on this machine's. */
  static FileSystem files(SparkSession session, String runDirectory) throws IOException {
    Path path = new Path(runDirectory);
    FileSystem files =
        path.toUri().getScheme() == null
            ? FileSystem.getLocal(session.sparkContext().hadoopConfiguration())
            : path.getFileSystem(session.sparkContext().hadoopConfiguration());
    return files instanceof org.apache.hadoop.fs.LocalFileSystem local ? local.getRaw() : files;
  }
}
