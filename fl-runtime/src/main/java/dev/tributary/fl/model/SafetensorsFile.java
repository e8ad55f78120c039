// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tributary.fl.adapter.NamedTensors;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tensors in the safetensors format: eight bytes of header length, a JSON header, the values.
 *
 * <p>Opening reads and checks the header only; values are read when asked for. No file stays open
 * in between, so there is nothing to close, and a file may be replaced by an atomic rename.
 */
public final class SafetensorsFile {
  /** The format's own limit. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  private static final int READ_BYTES = 1 << 20;

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();

  /**
   * Where a tensor lies.
   *
   * @param shape sizes, outermost first; empty for a scalar
   * @param offset of the first value, in bytes from the beginning of the file
   * @param bytes length of the values
   */
  public record Entry(String name, ElementType type, List<Long> shape, long offset, long bytes) {
    public Entry {
      shape = List.copyOf(shape);
    }

    public long elements() {
      return bytes / type.bytes();
    }
  }

  private interface Bytes {
    long size() throws IOException;

    /** Fills the buffer. */
    void read(long offset, ByteBuffer into) throws IOException;
  }

  private final String origin;
  private final Bytes content;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;

  private SafetensorsFile(String origin, Bytes content) throws IOException {
    this.origin = origin;
    this.content = content;
    Map<String, Entry> found = new LinkedHashMap<>();
    Map<String, String> notes = new LinkedHashMap<>();
    readHeader(found, notes);
    this.entries = Collections.unmodifiableMap(found);
    this.metadata = Collections.unmodifiableMap(notes);
  }

  /**
   * Reads and checks the header of a file.
   *
   * @throws CheckpointException if it is missing, cut, or not of this format
   */
  public static SafetensorsFile open(Path file) {
    try {
      return new SafetensorsFile(file.toString(), new FileBytes(file));
    } catch (NoSuchFileException e) {
      throw new CheckpointException(
          "Cannot read tensors: there is no file " + file + "; check the path", e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  /**
   * Reads and checks tensors that are in memory.
   *
   * @param origin what messages call them, e.g. {@code update of client 3}
   * @throws CheckpointException if they are cut, or not of this format
   */
  public static SafetensorsFile of(byte[] bytes, String origin) {
    try {
      return new SafetensorsFile(origin, new ArrayBytes(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + origin, e);
    }
  }

  /** The tensors in the order of the header. */
  public Map<String, Entry> entries() {
    return entries;
  }

  /** {@code __metadata__} of the header; empty if it has none. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * @throws CheckpointException if there is no such tensor
   */
  public Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw fault("has no tensor " + name + ", only " + abridged(entries.keySet()));
    }
    return entry;
  }

  /**
   * The values of a floating-point tensor, row-major; 16-bit formats are widened.
   *
   * @throws CheckpointException if there is no such tensor or it holds other numbers
   */
  public float[] floats(String name) {
    Entry entry = entry(name);
    float[] values = new float[elementsOnHeap(entry)];
    ElementType type = entry.type();
    switch (type) {
      case F32 -> forEach(entry, (i, b) -> values[i] = b.getFloat());
      case BF16 -> forEach(entry, (i, b) -> values[i] = HalfPrecision.fromBFloat16(b.getShort()));
      case F16 -> forEach(entry, (i, b) -> values[i] = HalfPrecision.fromFloat16(b.getShort()));
      default -> throw otherNumbers(entry, "F32, BF16 or F16");
    }
    return values;
  }

  /**
   * The values of a floating-point tensor, row-major, exactly.
   *
   * @throws CheckpointException if there is no such tensor or it holds other numbers
   */
  public double[] doubles(String name) {
    Entry entry = entry(name);
    double[] values = new double[elementsOnHeap(entry)];
    if (entry.type() == ElementType.F64) {
      forEach(entry, (i, b) -> values[i] = b.getDouble());
    } else {
      float[] narrow = floats(name);
      for (int i = 0; i < narrow.length; i++) {
        values[i] = narrow[i];
      }
    }
    return values;
  }

  /**
   * The values of an integer tensor (I64, I32), row-major.
   *
   * @throws CheckpointException if there is no such tensor or it holds other numbers
   */
  public long[] longs(String name) {
    Entry entry = entry(name);
    long[] values = new long[elementsOnHeap(entry)];
    ElementType type = entry.type();
    switch (type) {
      case I64 -> forEach(entry, (i, b) -> values[i] = b.getLong());
      case I32 -> forEach(entry, (i, b) -> values[i] = b.getInt());
      default -> throw otherNumbers(entry, "I64 or I32");
    }
    return values;
  }

  /** A floating-point tensor on the heap, as float32. */
  public NamedTensors.Tensor tensor(String name) {
    return new NamedTensors.Tensor(entry(name).shape(), floats(name));
  }

  /** All tensors on the heap, as float32, in the order of the header. */
  public NamedTensors tensors() {
    Map<String, NamedTensors.Tensor> all = new LinkedHashMap<>();
    entries.keySet().forEach(name -> all.put(name, tensor(name)));
    return new NamedTensors(all);
  }

  /** What messages call this: the path, or the origin given. */
  public String origin() {
    return origin;
  }

  /** Takes the stored bytes of a tensor, piece by piece; takes all of each. */
  interface Sink {
    void accept(ByteBuffer piece) throws IOException;
  }

  /** Passes on the stored bytes of a tensor, unconverted. */
  void copy(String name, Sink sink) throws IOException {
    Entry entry = entry(name);
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(READ_BYTES, entry.bytes()));
    for (long done = 0; done < entry.bytes(); done += buffer.limit()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), entry.bytes() - done));
      content.read(entry.offset() + done, buffer);
      sink.accept(buffer.flip());
    }
  }

  private interface Element {
    void take(int index, ByteBuffer buffer);
  }

  private void forEach(Entry entry, Element element) {
    int[] next = {0};
    try {
      copy(
          entry.name(),
          piece -> {
            piece.order(ByteOrder.LITTLE_ENDIAN);
            while (piece.hasRemaining()) {
              element.take(next[0]++, piece);
            }
          });
    } catch (EOFException e) {
      throw new CheckpointException(
          origin + ": tensor " + entry.name() + " is cut short; fetch or write the file again", e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read tensor " + entry.name() + " of " + origin, e);
    }
  }

  private int elementsOnHeap(Entry entry) {
    if (entry.elements() > Integer.MAX_VALUE - 8) {
      throw fault(
          "tensor " + entry.name() + " of shape " + entry.shape() + " is too large for the heap");
    }
    return (int) entry.elements();
  }

  private CheckpointException otherNumbers(Entry entry, String wanted) {
    return fault(
        "tensor " + entry.name() + " holds " + entry.type() + ", where " + wanted + " is needed");
  }

  private CheckpointException fault(String what) {
    return new CheckpointException(origin + ": " + what);
  }

  // ---- the header

  private void readHeader(Map<String, Entry> found, Map<String, String> notes) throws IOException {
    long size = content.size();
    if (size < 8) {
      throw fault("is " + size + " bytes long, too short for a safetensors file" + FETCH_AGAIN);
    }
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    content.read(0, length);
    long headerBytes = length.flip().getLong();
    if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) {
      throw fault(
          "claims a header of "
              + Long.toUnsignedString(headerBytes)
              + " bytes, so it is not a safetensors file (or a Git LFS pointer to one)"
              + FETCH_AGAIN);
    }
    if (headerBytes > size - 8) {
      throw fault(
          "is cut in the header: it needs "
              + headerBytes
              + " bytes after the first 8, the file has "
              + (size - 8)
              + FETCH_AGAIN);
    }
    ByteBuffer text = ByteBuffer.allocate((int) headerBytes);
    content.read(8, text);
    JsonNode header = parse(text.array());
    long dataBegins = 8 + headerBytes;
    for (Map.Entry<String, JsonNode> field : header.properties()) {
      if (field.getKey().equals("__metadata__")) {
        field.getValue().properties().forEach(n -> notes.put(n.getKey(), n.getValue().asText()));
      } else {
        found.put(field.getKey(), readEntry(field.getKey(), field.getValue(), dataBegins, size));
      }
    }
    checkLayout(new ArrayList<>(found.values()), dataBegins, size);
  }

  private static final String FETCH_AGAIN = "; fetch or write the file again";

  private JsonNode parse(byte[] text) {
    try {
      JsonNode header = JSON.readTree(new String(text, StandardCharsets.UTF_8));
      if (!header.isObject()) {
        throw fault("its header is not a JSON object" + FETCH_AGAIN);
      }
      return header;
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          origin + ": its header is not JSON: " + e.getOriginalMessage() + FETCH_AGAIN, e);
    }
  }

  private Entry readEntry(String name, JsonNode json, long dataBegins, long size) {
    String label = json.path("dtype").asText("");
    ElementType type =
        ElementType.named(label)
            .orElseThrow(
                () ->
                    fault(
                        "tensor "
                            + name
                            + " has dtype '"
                            + label
                            + "', known are "
                            + List.of(ElementType.values())
                            + "; write it as F32, BF16 or F16"));
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (JsonNode extent : json.path("shape")) {
      if (!extent.isIntegralNumber() || !extent.canConvertToLong() || extent.asLong() < 0) {
        throw fault("tensor " + name + " has shape " + json.path("shape") + FETCH_AGAIN);
      }
      shape.add(extent.asLong());
      try {
        elements = Math.multiplyExact(elements, extent.asLong());
      } catch (ArithmeticException e) {
        throw fault("tensor " + name + " has the absurd shape " + json.path("shape") + FETCH_AGAIN);
      }
    }
    JsonNode offsets = json.path("data_offsets");
    if (!json.path("shape").isArray()
        || offsets.size() != 2
        || !offsets.get(0).canConvertToLong()
        || !offsets.get(1).canConvertToLong()) {
      throw fault("tensor " + name + " lacks shape or data_offsets" + FETCH_AGAIN);
    }
    long begin = offsets.get(0).asLong();
    long end = offsets.get(1).asLong();
    if (begin < 0 || end < begin) {
      throw fault("tensor " + name + " lies at " + offsets + ", which is no range" + FETCH_AGAIN);
    }
    if (end > size - dataBegins) {
      throw fault(
          "is cut: tensor "
              + name
              + " ends at byte "
              + (dataBegins + end)
              + ", the file has "
              + size
              + FETCH_AGAIN);
    }
    if (elements > Long.MAX_VALUE / 8 || elements * type.bytes() != end - begin) {
      throw fault(
          "tensor "
              + name
              + " of dtype "
              + type
              + " and shape "
              + shape
              + " cannot have "
              + (end - begin)
              + " bytes"
              + FETCH_AGAIN);
    }
    return new Entry(name, type, shape, dataBegins + begin, end - begin);
  }

  /** As the format wants it: the tensors cover the data exactly, without overlap or hole. */
  private void checkLayout(List<Entry> inFile, long dataBegins, long size) {
    inFile.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
    long next = dataBegins;
    String before = "the header";
    for (Entry entry : inFile) {
      if (entry.offset() != next) {
        throw fault(
            "tensor "
                + entry.name()
                + (entry.offset() < next ? " overlaps " : " leaves a hole after ")
                + before
                + FETCH_AGAIN);
      }
      next = entry.offset() + entry.bytes();
      before = entry.name();
    }
    if (next != size) {
      throw fault((size - next) + " bytes after the last tensor belong to none" + FETCH_AGAIN);
    }
  }

  /** The first few of many names. */
  static String abridged(java.util.Collection<String> names) {
    List<String> first = names.stream().limit(8).toList();
    return names.size() <= 8 ? first.toString() : first + " and " + (names.size() - 8) + " more";
  }

  private record FileBytes(Path file) implements Bytes {
    @Override
    public long size() throws IOException {
      return Files.size(file);
    }

    @Override
    public void read(long offset, ByteBuffer into) throws IOException {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        long position = offset;
        while (into.hasRemaining()) {
          int count = channel.read(into, position);
          if (count < 0) {
            throw new EOFException(file + " ends at byte " + position);
          }
          position += count;
        }
      }
    }
  }

  private record ArrayBytes(byte[] bytes) implements Bytes {
    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public void read(long offset, ByteBuffer into) {
      into.put(bytes, (int) offset, into.remaining());
    }
  }
}
