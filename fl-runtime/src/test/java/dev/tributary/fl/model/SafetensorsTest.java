// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.adapter.NamedTensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
  private static final NamedTensors.Tensor MATRIX =
      new NamedTensors.Tensor(List.of(2L, 3L), new float[] {1, -2, 0.5f, 3, 1e-8f, -0f});

  @TempDir Path folder;

  @Test
  void writesWhatItReads() {
    byte[] bytes =
        new SafetensorsWriter()
            .metadata("round", "3")
            .add("half", DType.FLOAT16, List.of(3L), () -> new float[] {1, -0.25f, 65504})
            .add(new NamedTensors(Map.of("matrix", MATRIX)))
            .add("brain", DType.BFLOAT16, List.of(2L), () -> new float[] {1.5f, -3})
            .add("ids", List.of(2L), new long[] {-100, 1L << 40})
            .add("exact", List.of(), new double[] {Math.PI})
            .toBytes();
    SafetensorsFile file = SafetensorsFile.of(bytes, "memory");

    assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"), Map.entry("round", "3"));
    assertThat(file.entries().keySet()).containsExactly("ids", "exact", "matrix", "half", "brain");
    assertThat(file.floats("half")).containsExactly(1, -0.25f, 65504);
    assertThat(file.floats("brain")).containsExactly(1.5f, -3);
    assertThat(file.tensor("matrix").shape()).containsExactly(2L, 3L);
    assertThat(file.floats("matrix")).containsExactly(MATRIX.values());
    assertThat(file.longs("ids")).containsExactly(-100, 1L << 40);
    assertThat(file.doubles("exact")).containsExactly(Math.PI);
    assertThat(file.entry("exact").shape()).isEmpty();
    assertThat(file.entry("exact").offset() % 8).isZero();
  }

  @Test
  void sameTensorsGiveTheSameBytesInFileAndMemory() throws IOException {
    Path path = folder.resolve("a.safetensors");
    SafetensorsWriter writer = new SafetensorsWriter().add(new NamedTensors(Map.of("m", MATRIX)));
    writer.writeTo(path);
    assertThat(path).hasBinaryContent(writer.toBytes());
    try (var left = Files.list(folder)) {
      assertThat(left).containsExactly(path);
    }
  }

  @Test
  void readsTensorsLargerThanOnePiece() {
    float[] values = new float[700_001];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 0.5f;
    }
    Path path = folder.resolve("large.safetensors");
    Map<String, NamedTensors.Tensor> tensors = new LinkedHashMap<>();
    tensors.put("first", MATRIX);
    tensors.put("large", new NamedTensors.Tensor(List.of(700_001L), values));
    new SafetensorsWriter().add(new NamedTensors(tensors)).writeTo(path);
    Path copied = folder.resolve("copied.safetensors");
    SafetensorsFile file = SafetensorsFile.open(path);
    new SafetensorsWriter().copy("again", file, "large").writeTo(copied);
    assertThat(file.floats("large")).isEqualTo(values);
    assertThat(SafetensorsFile.open(copied).floats("again")).isEqualTo(values);
  }

  @ParameterizedTest
  @CsvSource({"1", "-2.5", "65504", "6.1035156e-5", "5.9604645e-8", "0", "-0.0", "0.33325195"})
  void float16ValuesSurvive(float value) {
    assertThat(HalfPrecision.fromFloat16(HalfPrecision.toFloat16(value))).isEqualTo(value);
  }

  @Test
  void everyFloat16AndBFloat16SurvivesTheWayToFloat32AndBack() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      short half = (short) bits;
      float wide = HalfPrecision.fromFloat16(half);
      if (!Float.isNaN(wide)) {
        assertThat(HalfPrecision.toFloat16(wide)).isEqualTo(half);
      }
      float brain = HalfPrecision.fromBFloat16(half);
      if (!Float.isNaN(brain)) {
        assertThat(HalfPrecision.toBFloat16(brain)).isEqualTo(half);
      }
    }
  }

  @Test
  void roundsToTheNearestHalfAndTiesToEven() {
    // float16 has 11 significant bits: 2049 lies between 2048 and 2050, 2051 between 2050 and 2052
    assertThat(HalfPrecision.fromFloat16(HalfPrecision.toFloat16(2049))).isEqualTo(2048);
    assertThat(HalfPrecision.fromFloat16(HalfPrecision.toFloat16(2051))).isEqualTo(2052);
    assertThat(HalfPrecision.fromFloat16(HalfPrecision.toFloat16(65519))).isEqualTo(65504);
    assertThat(HalfPrecision.fromFloat16(HalfPrecision.toFloat16(65520))).isInfinite();
    // bfloat16 has 8: 257 lies between 256 and 258
    assertThat(HalfPrecision.fromBFloat16(HalfPrecision.toBFloat16(257))).isEqualTo(256);
    assertThat(HalfPrecision.fromBFloat16(HalfPrecision.toBFloat16(259))).isEqualTo(260);
    assertThat(HalfPrecision.fromBFloat16(HalfPrecision.toBFloat16(Float.NaN))).isNaN();
    assertThat(HalfPrecision.fromFloat16(HalfPrecision.toFloat16(Float.NaN))).isNaN();
  }

  @Test
  void saysWhichTensorIsMissing() {
    SafetensorsFile file =
        SafetensorsFile.of(
            new SafetensorsWriter().add(new NamedTensors(Map.of("m", MATRIX))).toBytes(), "here");
    assertThatThrownBy(() -> file.floats("n"))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("here: has no tensor n, only [m]");
    assertThatThrownBy(() -> file.longs("m"))
        .hasMessage("here: tensor m holds F32, where I64 or I32 is needed");
  }

  @Test
  void refusesAMissingFile() {
    Path path = folder.resolve("none.safetensors");
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(CheckpointException.class)
        .hasMessage("Cannot read tensors: there is no file " + path + "; check the path");
  }

  @Test
  void refusesAFileThatIsCutInTheValues() throws IOException {
    byte[] whole = new SafetensorsWriter().add(new NamedTensors(Map.of("m", MATRIX))).toBytes();
    Path path = folder.resolve("cut.safetensors");
    Files.write(path, Arrays.copyOf(whole, whole.length - 4));
    assertThatThrownBy(() -> SafetensorsFile.open(path))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(
            path
                + ": is cut: tensor m ends at byte "
                + whole.length
                + ", the file has "
                + (whole.length - 4)
                + "; fetch or write the file again");
  }

  @Test
  void refusesAFileThatIsCutInTheHeader() {
    byte[] whole = new SafetensorsWriter().add(new NamedTensors(Map.of("m", MATRIX))).toBytes();
    assertThatThrownBy(() -> SafetensorsFile.of(Arrays.copyOf(whole, 40), "cut"))
        .hasMessageContaining("cut: is cut in the header: it needs ")
        .hasMessageContaining("the file has 32; fetch");
    assertThatThrownBy(() -> SafetensorsFile.of(new byte[3], "cut"))
        .hasMessageContaining("is 3 bytes long, too short");
  }

  @Test
  void refusesAnAbsurdHeaderLength() {
    byte[] pointer = "version https://git-lfs.github.com/spec/v1".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> SafetensorsFile.of(pointer, "lfs"))
        .hasMessageContaining("lfs: claims a header of ")
        .hasMessageContaining("Git LFS pointer");
    byte[] negative = new byte[16];
    negative[7] = (byte) 0x80;
    assertThatThrownBy(() -> SafetensorsFile.of(negative, "x"))
        .hasMessageContaining("claims a header of 9223372036854775808 bytes");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}    | tensor a has dtype 'F31', known are
          {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}    | tensor a of dtype F32 and shape [2] cannot have 4 bytes
          {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}   | tensor a has shape [-1]
          {"a":{"dtype":"F32","shape":[9999999999,9999999999],"data_offsets":[0,4]}} | absurd shape
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}    | lies at [4,0], which is no range
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}   | lies at [-4,0], which is no range
          {"a":{"dtype":"F32","shape":[1]}}                         | tensor a lacks shape or data_offsets
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | tensor b overlaps a
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}    | tensor a leaves a hole after the header
          {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    | 4 bytes after the last tensor belong to none
          {"a":1,"a":2}                                             | its header is not JSON: Duplicate field 'a'
          [1]                                                       | its header is not a JSON object
          {"a":{"dtype":"F32",                                      | its header is not JSON
          """)
  void refusesABrokenHeader(String header, String message) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    byte[] file =
        ByteBuffer.allocate(8 + text.length + 8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(text.length)
            .put(text)
            .array();
    assertThatThrownBy(() -> SafetensorsFile.of(file, "broken"))
        .isInstanceOf(CheckpointException.class)
        .hasMessageStartingWith("broken: ")
        .hasMessageContaining(message);
  }
}
