// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.Compression.DamagedException;
import dev.tributary.data.CorpusFiles.CorpusFile;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.jspecify.annotations.Nullable;

/** Walks through the entries of a zip or tar archive, the latter plain or compressed. */
abstract class Archive implements Closeable {
  /** Of what kind a file is, by its first bytes. */
  enum Kind {
    NONE,
    ZIP,
    TAR
  }

  /** So many bytes of a file, expanded, tell its kind. */
  private static final int TOLD_BY_BYTES = 512;

  /** More entries than any corpus has; also far fewer than fill a driver's memory. */
  private static final int MOST_ENTRIES = 1_000_000;

  /** What comes out of an archive may be so many times its size, once it is more than harmless. */
  private static final long MOST_RATIO = 1000;

  private static final long HARMLESS_BYTES = 1L << 28;

  private final long archiveBytes;
  private int entries;
  private long bytes;

  private Archive(long archiveBytes) {
    this.archiveBytes = archiveBytes;
  }

  static Kind kind(CorpusFile file, Compression compression, Configuration hadoop)
      throws IOException {
    byte[] first;
    try (InputStream in = compression.expanded(CorpusFiles.open(file, hadoop))) {
      first = in.readNBytes(TOLD_BY_BYTES);
    } catch (DamagedException e) {
      return Kind.NONE; // the reader meets it again and says where
    }
    if (compression == Compression.PLAIN && isZip(first)) {
      return Kind.ZIP;
    }
    return TarArchiveInputStream.matches(first, first.length) ? Kind.TAR : Kind.NONE;
  }

  private static boolean isZip(byte[] first) {
    return first.length >= 4
        && first[0] == 'P'
        && first[1] == 'K'
        && ((first[2] == 3 && first[3] == 4) || (first[2] == 5 && first[3] == 6));
  }

  /**
   * @param in closed with the archive
   * @throws DamagedException if it is damaged
   */
  static Archive open(Kind kind, Compression compression, FSDataInputStream in, long bytes)
      throws IOException {
    return kind == Kind.ZIP ? new Zip(in, bytes) : new Tar(compression.expanded(in), bytes);
  }

  /**
   * The next entry that is a file.
   *
   * @throws DamagedException if the archive cannot be trusted
   */
  final Optional<String> next() throws IOException {
    while (true) {
      ArchiveEntry entry;
      try {
        entry = advance();
      } catch (DamagedException e) {
        throw e;
      } catch (IOException | RuntimeException e) {
        throw new DamagedException("the archive is damaged (" + e.getMessage() + ")", e);
      }
      if (entry == null) {
        return Optional.empty();
      }
      if (++entries > MOST_ENTRIES) {
        throw new DamagedException("the archive has more than " + MOST_ENTRIES + " entries");
      }
      if (isFile(entry)) {
        return Optional.of(safe(entry.getName()));
      }
    }
  }

  /** Copies the entry that {@link #next} told of. */
  final void copy(OutputStream out) throws IOException {
    byte[] chunk = new byte[1 << 16];
    try (InputStream in = content()) {
      while (true) {
        int read;
        try {
          read = in.read(chunk);
        } catch (DamagedException e) {
          throw e;
        } catch (IOException | RuntimeException e) {
          throw new DamagedException("the archive is damaged (" + e.getMessage() + ")", e);
        }
        if (read < 0) {
          return;
        }
        bytes += read;
        if (bytes > HARMLESS_BYTES && bytes / MOST_RATIO > archiveBytes) {
          throw new DamagedException(
              "the archive has expanded to more than "
                  + MOST_RATIO
                  + " times its size, as no text does; if it is meant so, expand it by hand");
        }
        out.write(chunk, 0, read);
      }
    }
  }

  abstract @Nullable ArchiveEntry advance() throws IOException;

  abstract boolean isFile(ArchiveEntry entry);

  abstract InputStream content() throws IOException;

  /** With slashes between; no name leads out of the folder it is unpacked to. */
  private static String safe(String name) throws DamagedException {
    String path = name.replace('\\', '/');
    if (path.startsWith("/")
        || path.matches("[A-Za-z]:.*")
        || Arrays.asList(path.split("/", -1)).contains("..")) {
      throw new DamagedException(
          "the archive has an entry '" + name + "', which would leave its folder");
    }
    return path;
  }

  /** Entries in the order of the archive's directory. */
  private static final class Zip extends Archive {
    private final ZipFile zip;
    private final Iterator<ZipArchiveEntry> entries;
    private @Nullable ZipArchiveEntry current;

    Zip(FSDataInputStream in, long bytes) throws IOException {
      super(bytes);
      try {
        this.zip = ZipFile.builder().setSeekableByteChannel(new Channel(in, bytes)).get();
      } catch (IOException e) {
        in.close();
        throw new DamagedException("the zip archive is damaged (" + e.getMessage() + ")", e);
      }
      this.entries = Collections.list(zip.getEntries()).iterator();
    }

    @Override
    @Nullable ArchiveEntry advance() {
      current = entries.hasNext() ? entries.next() : null;
      return current;
    }

    @Override
    boolean isFile(ArchiveEntry entry) {
      return !entry.isDirectory() && !((ZipArchiveEntry) entry).isUnixSymlink();
    }

    @Override
    InputStream content() throws IOException {
      if (current == null || !zip.canReadEntryData(current)) {
        throw new DamagedException(
            "an entry of the archive is encrypted or compressed in an unknown way");
      }
      return zip.getInputStream(current);
    }

    @Override
    public void close() throws IOException {
      zip.close();
    }
  }

  private static final class Tar extends Archive {
    private final TarArchiveInputStream tar;

    Tar(InputStream in, long bytes) {
      super(bytes);
      this.tar = new TarArchiveInputStream(new BufferedInputStream(in, 1 << 16));
    }

    @Override
    @Nullable ArchiveEntry advance() throws IOException {
      return tar.getNextEntry();
    }

    /** Links and devices are none. */
    @Override
    boolean isFile(ArchiveEntry entry) {
      return ((TarArchiveEntry) entry).isFile() && !((TarArchiveEntry) entry).isSymbolicLink();
    }

    @Override
    InputStream content() {
      return new FilterInputStream(tar) {
        @Override
        public void close() {} // the archive goes on
      };
    }

    @Override
    public void close() throws IOException {
      tar.close();
    }
  }

  /** A file of any Hadoop file system, as archives with a directory at their end want it. */
  private static final class Channel implements SeekableByteChannel {
    private final FSDataInputStream in;
    private final long size;
    private boolean open = true;

    Channel(FSDataInputStream in, long size) {
      this.in = in;
      this.size = size;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      byte[] chunk = new byte[Math.min(into.remaining(), 1 << 16)];
      int read = in.read(chunk, 0, chunk.length);
      if (read > 0) {
        into.put(chunk, 0, read);
      }
      return read;
    }

    @Override
    public long position() throws IOException {
      return in.getPos();
    }

    @Override
    public SeekableByteChannel position(long position) throws IOException {
      in.seek(Math.min(position, size));
      return this;
    }

    @Override
    public long size() {
      return size;
    }

    @Override
    public int write(ByteBuffer from) {
      throw new NonWritableChannelException();
    }

    @Override
    public SeekableByteChannel truncate(long to) {
      throw new NonWritableChannelException();
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() throws IOException {
      open = false;
      in.close();
    }
  }
}
