// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** gzip (RFC 1952), of the Java platform. */
public record Gzip() implements Compression {
  /** {@code gzip} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: gzip}. */
  public static final class Provider implements MessageOperator.Provider<Config> {
    @Override
    public String name() {
      return "gzip";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public MessageOperator create(Config config) {
      return new Gzip();
    }

    @Override
    public MessageOperator decoder() {
      return new Gzip();
    }
  }

  @Override
  public byte[] compress(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot compress " + bytes.length + " bytes", e);
    }
    return out.toByteArray();
  }

  @Override
  public byte[] restore(byte[] compressed, int length) {
    try (GZIPInputStream gzip = new GZIPInputStream(new ByteArrayInputStream(compressed))) {
      byte[] bytes = gzip.readNBytes(length);
      if (bytes.length < length || gzip.read() >= 0) {
        throw new IllegalArgumentException("it does not unpack to " + length + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw new IllegalArgumentException("it cannot be unpacked: " + e.getMessage(), e);
    }
  }
}
