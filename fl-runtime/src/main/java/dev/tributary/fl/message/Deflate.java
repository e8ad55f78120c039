// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import java.io.ByteArrayOutputStream;
import java.io.Serializable;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** DEFLATE (RFC 1951) in zlib's frame (RFC 1950), of the Java platform. */
public record Deflate() implements Compression {
  /** {@code deflate} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: deflate}. */
  public static final class Provider implements MessageOperator.Provider<Config> {
    @Override
    public String name() {
      return "deflate";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public MessageOperator create(Config config) {
      return new Deflate();
    }

    @Override
    public MessageOperator decoder() {
      return new Deflate();
    }
  }

  @Override
  public byte[] compress(byte[] bytes) {
    Deflater deflater = new Deflater();
    try {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] buffer = new byte[1 << 16];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  @Override
  public byte[] restore(byte[] compressed, int length) {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(compressed);
      byte[] bytes = new byte[length];
      int at = 0;
      while (at < length) {
        int read = inflater.inflate(bytes, at, length - at);
        if (read == 0) {
          break; // the input has ended, or wants a dictionary
        }
        at += read;
      }
      boolean more = !inflater.finished() && inflater.inflate(new byte[1]) > 0;
      if (at < length || more || !inflater.finished() || inflater.getRemaining() > 0) {
        throw new IllegalArgumentException("it does not unpack to " + length + " bytes");
      }
      return bytes;
    } catch (DataFormatException e) {
      throw new IllegalArgumentException("it cannot be unpacked: " + e.getMessage(), e);
    } finally {
      inflater.end();
    }
  }
}
