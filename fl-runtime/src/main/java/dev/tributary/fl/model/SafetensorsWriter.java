// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.adapter.NamedTensors;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Writes tensors in the safetensors format. The same tensors in the same order give the same bytes.
 *
 * <p>Wider numbers stand before narrower ones (as the format's own library has it), otherwise the
 * order is that of the calls; so each tensor is aligned to its element size. Values are fetched one
 * tensor at a time while writing.
 */
public final class SafetensorsWriter {
  private interface Values {
    void writeTo(WritableByteChannel out) throws IOException;
  }

  private record Part(String name, ElementType type, List<Long> shape, Values values) {
    long bytes() {
      return shape.stream().reduce((long) type.bytes(), Math::multiplyExact);
    }
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Part> parts = new ArrayList<>();
  private final Set<String> names = new LinkedHashSet<>();
  private final Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));

  /** A text in the header's {@code __metadata__}, beside {@code format: pt}. */
  public SafetensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** All tensors as float32, in their order. */
  public SafetensorsWriter add(NamedTensors tensors) {
    tensors.byName().forEach((name, t) -> add(name, DType.FLOAT32, t.shape(), t::values));
    return this;
  }

  /**
   * A tensor that is rounded to a number format and fetched when its turn comes.
   *
   * @param values called once per writing; as many values as the shape says
   */
  public SafetensorsWriter add(
      String name, DType dtype, List<Long> shape, Supplier<float[]> values) {
    return add(
        new Part(
            name,
            ElementType.of(dtype),
            List.copyOf(shape),
            out -> writeFloats(name, dtype, shape, values.get(), out)));
  }

  public SafetensorsWriter add(String name, List<Long> shape, double[] values) {
    return add(
        new Part(
            name,
            ElementType.F64,
            List.copyOf(shape),
            out -> {
              checkCount(name, shape, values.length);
              ByteBuffer bytes = littleEndian(Math.multiplyExact(values.length, 8));
              bytes.asDoubleBuffer().put(values);
              out.write(bytes);
            }));
  }

  public SafetensorsWriter add(String name, List<Long> shape, long[] values) {
    return add(
        new Part(
            name,
            ElementType.I64,
            List.copyOf(shape),
            out -> {
              checkCount(name, shape, values.length);
              ByteBuffer bytes = littleEndian(Math.multiplyExact(values.length, 8));
              bytes.asLongBuffer().put(values);
              out.write(bytes);
            }));
  }

  /** A tensor copied as it is stored elsewhere. */
  public SafetensorsWriter copy(String name, SafetensorsFile from, String nameThere) {
    SafetensorsFile.Entry entry = from.entry(nameThere);
    return add(
        new Part(name, entry.type(), entry.shape(), out -> from.copy(nameThere, out::write)));
  }

  private SafetensorsWriter add(Part part) {
    if (!names.add(part.name())) {
      throw new IllegalArgumentException("There are two tensors named " + part.name());
    }
    parts.add(part);
    return this;
  }

  /** Writes a temporary file beside {@code file}, then renames it: readers see all or nothing. */
  public void writeTo(Path file) {
    Path temporary = file.resolveSibling("." + file.getFileName() + ".tmp");
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary), 1 << 20)) {
        writeTo(out);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw new UncheckedIOException(
          "Cannot write " + file + " (" + e.getMessage() + "); is the disk full or read-only?", e);
    }
  }

  public byte[] toBytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write tensors to memory", e);
    }
    return out.toByteArray();
  }

  /** Writes to a stream that stays open. */
  public void writeTo(OutputStream out) throws IOException {
    List<Part> inFile = new ArrayList<>(parts);
    inFile.sort(Comparator.comparingInt((Part part) -> part.type().bytes()).reversed()); // stable
    byte[] header = header(inFile);
    WritableByteChannel channel = Channels.newChannel(out); // writes all that it is given
    channel.write(littleEndian(8).putLong(header.length).flip());
    channel.write(ByteBuffer.wrap(header));
    for (Part part : inFile) {
      part.values().writeTo(channel);
    }
    out.flush();
  }

  private byte[] header(List<Part> inFile) {
    ObjectNode header = JSON.createObjectNode();
    ObjectNode notes = header.putObject("__metadata__");
    metadata.forEach(notes::put);
    long offset = 0;
    for (Part part : inFile) {
      ObjectNode entry = header.putObject(part.name());
      entry.put("dtype", part.type().name());
      part.shape().forEach(entry.putArray("shape")::add);
      entry.putArray("data_offsets").add(offset).add(offset + part.bytes());
      offset += part.bytes();
    }
    try {
      String text = JSON.writeValueAsString(header);
      int length = text.getBytes(StandardCharsets.UTF_8).length;
      return (text + " ".repeat((8 - length % 8) % 8)).getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of texts and numbers is JSON", e);
    }
  }

  private static void writeFloats(
      String name, DType dtype, List<Long> shape, float[] values, WritableByteChannel out)
      throws IOException {
    checkCount(name, shape, values.length);
    int chunk = 1 << 16; // values converted at a time
    ByteBuffer bytes = littleEndian(chunk * dtype.bytes());
    for (int first = 0; first < values.length; first += chunk) {
      bytes.clear();
      for (int i = first; i < Math.min(values.length, first + chunk); i++) {
        switch (dtype) {
          case FLOAT32 -> bytes.putFloat(values[i]);
          case BFLOAT16 -> bytes.putShort(HalfPrecision.toBFloat16(values[i]));
          case FLOAT16 -> bytes.putShort(HalfPrecision.toFloat16(values[i]));
        }
      }
      out.write(bytes.flip());
    }
  }

  private static void checkCount(String name, List<Long> shape, int count) {
    if (shape.stream().reduce(1L, Math::multiplyExact) != count) {
      throw new IllegalArgumentException(
          "Tensor " + name + " of shape " + shape + " was given " + count + " values");
    }
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
