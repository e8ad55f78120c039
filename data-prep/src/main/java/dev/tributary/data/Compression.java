// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import io.airlift.compress.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** How a file's bytes are stored; its first bytes tell, whatever it is called. */
enum Compression {
  PLAIN("plain"),
  GZIP("gzip", 0x1f, 0x8b),
  BZIP2("bzip2", 'B', 'Z', 'h'),
  XZ("xz", 0xfd, '7', 'z', 'X', 'Z', 0),
  ZSTANDARD("zstandard", 0x28, 0xb5, 0x2f, 0xfd);

  /** Bytes that are enough to tell. */
  static final int TOLD_BY_BYTES = 6;

  /** Text shrinks to a twentieth, repetitive text to a hundredth; what expands more is a bomb. */
  private static final long MOST_RATIO = 1000;

  /** So much may come of any file. */
  private static final long HARMLESS_BYTES = 1L << 28;

  private final String label;

  /** First bytes, each a character. */
  private final String magic;

  Compression(String label, int... magic) {
    this.label = label;
    this.magic = new String(magic, 0, magic.length);
  }

  /** In words. */
  String label() {
    return label;
  }

  /**
   * @param first bytes of a file
   */
  static Compression of(byte[] first) {
    String text = new String(first, StandardCharsets.ISO_8859_1); // a character for each byte
    for (Compression compression : values()) {
      if (compression != PLAIN && text.startsWith(compression.magic)) {
        return compression;
      }
    }
    return PLAIN;
  }

  /**
   * The content of a file, all members or frames of it. Reading throws {@link DamagedException}
   * where the file itself is at fault, and what the storage threw where that is.
   */
  InputStream expanded(InputStream stored) {
    return this == PLAIN ? stored : new Expanded(this, stored);
  }

  private InputStream decoder(InputStream in) throws IOException {
    return switch (this) {
      case PLAIN -> in;
      case GZIP -> new GzipCompressorInputStream(in, true); // the JDK's can stop after a member
      case BZIP2 -> new BZip2CompressorInputStream(in, true);
      case XZ -> new XZCompressorInputStream(in, true);
      // The usual one, of zstd-jni, takes a frame behind the first that is cut off for the end.
      case ZSTANDARD -> new ZstdInputStream(in);
    };
  }

  /** A compressed file that is cut off, damaged, or a bomb. */
  static final class DamagedException extends IOException {
    private static final long serialVersionUID = 1;

    /**
     * @param message to follow the place
     */
    DamagedException(String message, Throwable cause) {
      super(message, cause);
    }

    DamagedException(String message) {
      super(message);
    }
  }

  /** Tells trouble of the storage, which another attempt may cure, from a file's own. */
  private static final class Stored extends FilterInputStream {
    private long bytes;
    private boolean failed;

    Stored(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      try {
        int read = in.read(into, from, length);
        bytes += Math.max(read, 0);
        return read;
      } catch (IOException e) {
        failed = true;
        throw e;
      }
    }
  }

  /** Opened by the first read, so that all damage is met while reading. */
  private static final class Expanded extends InputStream {
    private final Compression compression;
    private final Stored stored;
    private InputStream decoder = InputStream.nullInputStream();
    private boolean opened;
    private long bytes;

    Expanded(Compression compression, InputStream stored) {
      this.compression = compression;
      this.stored = new Stored(stored);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      int read;
      try {
        if (!opened) {
          opened = true;
          decoder = compression.decoder(new BufferedInputStream(stored, 1 << 16));
        }
        read = decoder.read(into, from, length);
      } catch (IOException e) {
        if (stored.failed) {
          throw e;
        }
        throw new DamagedException(
            "the " + compression.label + " file is " + fault(e) + " here", e);
      } catch (RuntimeException e) { // decoders meet damage in many ways
        throw new DamagedException(
            "the " + compression.label + " file is damaged (" + e + ") here", e);
      }
      bytes += Math.max(read, 0);
      if (bytes > HARMLESS_BYTES && bytes / MOST_RATIO > stored.bytes) {
        throw new DamagedException(
            "the "
                + compression.label
                + " file has expanded to more than "
                + MOST_RATIO
                + " times its size, as no text does; if it is meant so, expand it by hand");
      }
      return read;
    }

    private static String fault(IOException e) {
      String message = String.valueOf(e.getMessage());
      return e instanceof EOFException
              || message.matches("(?i).*(unexpected end|truncated|not enough input).*")
          ? "cut off"
          : "damaged (" + message + ")";
    }

    @Override
    public void close() throws IOException {
      decoder.close();
      stored.close();
    }
  }
}
