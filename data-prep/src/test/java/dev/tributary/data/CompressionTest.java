// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.commons.compress.compressors.CompressorException;
import org.apache.commons.compress.compressors.CompressorStreamFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompressionTest {
  private static final int RECORDS = 500;

  @TempDir private Path scratch;

  @ParameterizedTest
  @CsvSource({"gz, gzip", "bzip2, bzip2", "xz, xz", "zstd, zstandard"})
  void readsAllMembersAndNamesDamage(String factoryName, String label) throws Exception {
    byte[] half = compressed(factoryName, records(0, RECORDS / 2));
    byte[] other = compressed(factoryName, records(RECORDS / 2, RECORDS));
    byte[] both = Arrays.copyOf(half, half.length + other.length);
    System.arraycopy(other, 0, both, half.length, other.length);
    Path file = Files.write(scratch.resolve("corpus.jsonl"), both);
    assertThat(prepare(file, "whole").manifest().total()).isEqualTo(RECORDS);

    Files.write(file, Arrays.copyOf(both, both.length - other.length / 2));
    assertThatThrownBy(() -> prepare(file, "cut"))
        .isInstanceOf(InputException.class)
        .hasMessageMatching("(?s).*corpus.jsonl:\\d+: the " + label + " file is cut off here; .*");

    if (label.equals("zstandard")) {
      return; // without checksums unless the writer asked for them
    }
    byte[] damaged = both.clone();
    Arrays.fill(damaged, half.length / 2, half.length / 2 + 40, (byte) 0x5a);
    Files.write(file, damaged);
    assertThatThrownBy(() -> prepare(file, "damaged"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("corpus.jsonl:");
  }

  @Test
  void stopsAtABomb() throws Exception {
    byte[] blank = new byte[1 << 20];
    Arrays.fill(blank, (byte) '\n');
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        new CompressorStreamFactory().createCompressorOutputStream("xz", bytes)) {
      for (int mebibyte = 0; mebibyte < 300; mebibyte++) {
        out.write(blank);
      }
    }
    assertThat(bytes.size()).isLessThan(100_000);
    Path file = Files.write(scratch.resolve("bomb.jsonl.xz"), bytes.toByteArray());
    assertThatThrownBy(() -> prepare(file, "bomb"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the xz file has expanded to more than 1000 times its size");
  }

  private SplitDirectory prepare(Path file, String output) {
    return Splits.prepare(
        Splits.config(Splits.JSONL, file, Splits.uniform(1)), 1, scratch.resolve(output));
  }

  private static byte[] records(int from, int to) {
    StringBuilder text = new StringBuilder();
    for (int i = from; i < to; i++) {
      text.append("{\"instruction\": \"")
          .append(Integer.toHexString(i * 0x9e3779b9))
          .append("\", \"output\": \"a\"}\n");
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] compressed(String name, byte[] content)
      throws CompressorException, IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        new CompressorStreamFactory().createCompressorOutputStream(name, bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }
}
