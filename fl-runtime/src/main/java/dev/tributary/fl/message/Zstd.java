// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import io.airlift.compress.MalformedInputException;
import io.airlift.compress.zstd.ZstdCompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.Serializable;
import java.util.Arrays;

/** Zstandard (RFC 8878), by aircompressor, which Spark brings along. */
public record Zstd() implements Compression {
  /** {@code zstd} has no further keys. */
  public record Config() implements Serializable {}

  /** Chosen by {@code name: zstd}. */
  public static final class Provider implements MessageOperator.Provider<Config> {
    @Override
    public String name() {
      return "zstd";
    }

    @Override
    public Class<Config> configType() {
      return Config.class;
    }

    @Override
    public MessageOperator create(Config config) {
      return new Zstd();
    }

    @Override
    public MessageOperator decoder() {
      return new Zstd();
    }
  }

  @Override
  public byte[] compress(byte[] bytes) {
    ZstdCompressor zstd = new ZstdCompressor();
    byte[] out = new byte[zstd.maxCompressedLength(bytes.length)];
    int length = zstd.compress(bytes, 0, bytes.length, out, 0, out.length);
    return Arrays.copyOf(out, length);
  }

  @Override
  public byte[] restore(byte[] compressed, int length) {
    try {
      long said = ZstdDecompressor.getDecompressedSize(compressed, 0, compressed.length);
      if (said != length) { // which the compressor always says
        throw new IllegalArgumentException(said + " bytes where " + length + " are due");
      }
      byte[] bytes = new byte[length];
      int found =
          new ZstdDecompressor().decompress(compressed, 0, compressed.length, bytes, 0, length);
      Lengths.require(Arrays.copyOf(bytes, found), length);
      return bytes;
    } catch (MalformedInputException | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("it cannot be unpacked: " + e.getMessage(), e);
    }
  }
}
