// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.Corpus.Format;
import dev.tributary.fl.config.InputException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;

/**
 * The files of a corpus and the pieces in which tasks read them.
 *
 * @param files in the order of their paths
 */
record CorpusFiles(List<CorpusFile> files) implements Serializable {
  /**
   * One file.
   *
   * @param location for the file system
   * @param name as the user would write it, for messages
   * @param modifiedMillis when it was last changed, since 1970
   */
  record CorpusFile(String location, String name, long bytes, long modifiedMillis)
      implements Serializable {}

  /** How records lie in a file. */
  enum Layout {
    /** One after the other, each on a line. */
    LINES,
    /** One JSON array. */
    ARRAY,
    /** Rows of comma-separated values below their columns' names. */
    CSV,
    PARQUET
  }

  /**
   * A part of a file that one task reads at a time.
   *
   * @param file index of it
   * @param start offset in bytes; lines that begin before it belong to another piece
   * @param end offset in bytes; the line that begins before it is the last
   */
  record Piece(int file, long start, long end, Layout layout, Compression compression)
      implements Serializable {}

  private static final Pattern URI = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:/.*");
  private static final Pattern JSON =
      Pattern.compile(".*\\.(json|jsonl|ndjson)(\\.(gz|bz2|xz|zst))?");
  private static final Pattern CSV = Pattern.compile(".*\\.(csv|tsv)(\\.(gz|bz2|xz|zst))?");
  private static final Pattern PARQUET = Pattern.compile(".*\\.parquet");
  private static final byte[] PARQUET_MAGIC = {'P', 'A', 'R', '1'};
  private static final int SMALLEST_PIECE = 1 << 20;
  private static final int LARGEST_PIECE = 1 << 26;

  CorpusFiles {
    files = List.copyOf(files);
  }

  /**
   * Where a path leads: unless it is a URI it is of this machine, whatever {@code fs.defaultFS}
   * says, and counts from the working directory.
   */
  static Path located(String path) {
    return URI.matcher(path).matches()
        ? new Path(path)
        : new Path(java.nio.file.Path.of(path).toAbsolutePath().toUri());
  }

  /**
   * What lies at a path: the file, or all that the corpus reads and archives in the folder and
   * those below.
   *
   * @throws InputException if there is nothing
   */
  static CorpusFiles at(String path, Corpus corpus, Configuration hadoop) {
    try {
      Path root = located(path);
      FileSystem system = root.getFileSystem(hadoop);
      if (!system.exists(root)) {
        throw new InputException(
            "data.path = "
                + path
                + " is not valid; there is no such file or folder (looked for "
                + system.makeQualified(root)
                + "): check the path");
      }
      FileStatus status = system.getFileStatus(root);
      if (status.isFile()) {
        return new CorpusFiles(List.of(file(status, path)));
      }
      String base = status.getPath().toString();
      List<CorpusFile> files = new ArrayList<>();
      RemoteIterator<LocatedFileStatus> below = system.listFiles(root, true);
      while (below.hasNext()) {
        LocatedFileStatus found = below.next();
        String relative = found.getPath().toString().substring(base.length());
        if (isRead(relative, corpus)
            || (Unpacking.ARCHIVE.matcher(relative).matches() && !isHidden(relative))) {
          files.add(file(found, path.replaceAll("/+$", "") + relative));
        }
      }
      if (files.isEmpty()) {
        throw new InputException(
            "data.path = "
                + path
                + " is not valid; the folder has no file "
                + corpus.format().files()
                + " that this corpus reads, nor an archive: name a file or another folder");
      }
      files.sort(Comparator.comparing(CorpusFile::location));
      return new CorpusFiles(files);
    } catch (IOException | IllegalArgumentException e) { // the latter for URIs of unknown form
      throw new InputException("Cannot look up data.path = " + path + ": " + e + "; check it", e);
    }
  }

  /**
   * Whether a file of a folder or an archive is one of the corpus.
   *
   * @param path in it, beginning with {@code /}
   */
  static boolean isRead(String path, Corpus corpus) {
    return known(corpus.format()).matcher(path).matches() && !isHidden(path) && corpus.reads(path);
  }

  private static Pattern known(Format format) {
    return switch (format) {
      case JSON -> JSON;
      case CSV -> CSV;
      case PARQUET, TABLE -> PARQUET;
    };
  }

  private static boolean isHidden(String path) {
    return path.matches(".*/[._].*");
  }

  private static CorpusFile file(FileStatus status, String name) {
    return new CorpusFile(
        status.getPath().toString(), name, status.getLen(), status.getModificationTime());
  }

  /**
   * The pieces of all files, in order. Plain lines are divided; all others are a piece each.
   *
   * @param parallelism tasks that run at the same time
   * @throws InputException if a file is of another format than the corpus
   */
  List<Piece> pieces(int parallelism, Format format, Configuration hadoop) {
    long total = files.stream().mapToLong(CorpusFile::bytes).sum();
    long size = Math.max(SMALLEST_PIECE, Math.min(LARGEST_PIECE, total / (3L * parallelism) + 1));
    List<Piece> pieces = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      CorpusFile file = files.get(i);
      try (FSDataInputStream in = open(file, hadoop)) {
        byte[] first = in.readNBytes(Compression.TOLD_BY_BYTES);
        checkFormat(file, format, first);
        Compression compression = Compression.of(first);
        Layout layout =
            switch (format) {
              case JSON -> layout(file, hadoop, compression);
              case CSV -> Layout.CSV;
              case PARQUET, TABLE -> Layout.PARQUET; // tables are unloaded to such files
            };
        if (compression != Compression.PLAIN || layout != Layout.LINES) {
          pieces.add(new Piece(i, 0, Long.MAX_VALUE, layout, compression));
        } else {
          for (long start = 0; start < file.bytes(); start += size) {
            long end = Math.min(file.bytes(), start + size);
            pieces.add(new Piece(i, start, end, layout, compression));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + file.name(), e);
      }
    }
    return pieces;
  }

  private static void checkFormat(CorpusFile file, Format format, byte[] first) {
    boolean parquet = Arrays.equals(Arrays.copyOf(first, PARQUET_MAGIC.length), PARQUET_MAGIC);
    boolean wanted = format == Format.PARQUET || format == Format.TABLE;
    if (parquet && !wanted) {
      throw new InputException(
          file.name()
              + " is a Parquet file; take the corpus parquet with the names of its columns");
    }
    if (!parquet && wanted) {
      throw new InputException(
          file.name()
              + " is no Parquet file; take the corpus csv, json or jsonl, or fetch it again");
    }
  }

  /** An array begins with a bracket. Content that begins otherwise is for the reader to refuse. */
  private static Layout layout(CorpusFile file, Configuration hadoop, Compression compression)
      throws IOException {
    try (InputStream in =
        new BufferedInputStream(compression.expanded(open(file, hadoop)), 1 << 12)) {
      int next = in.read();
      while (next == ' ' || next == '\t' || next == '\r' || next == '\n' || isOfMark(next)) {
        next = in.read();
      }
      return next == '[' ? Layout.ARRAY : Layout.LINES;
    } catch (Compression.DamagedException e) {
      return Layout.LINES; // the reader meets it again and says where
    }
  }

  /** The three bytes that some editors put in front of UTF-8. */
  private static boolean isOfMark(int value) {
    return value == 0xef || value == 0xbb || value == 0xbf;
  }

  static FSDataInputStream open(CorpusFile file, Configuration hadoop) throws IOException {
    Path path = new Path(file.location());
    return path.getFileSystem(hadoop).open(path);
  }
}
