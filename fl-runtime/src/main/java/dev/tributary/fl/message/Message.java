// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.NamedTensors.Tensor;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.seed.Seed;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.zip.CRC32C;

/**
 * Tensors in named parts ({@code adapter}, {@code optimizer} ...) with a header, as bytes. The same
 * content and seed give the same bytes. Numbers are little-endian.
 *
 * <pre>
 * 8 bytes   TRIBMSG and the format's version, 2
 * 4 bytes   length of the header
 * 4 bytes   CRC-32C of the header
 * header    JSON in UTF-8: kind, round, client, report, and of each tensor part, name,
 *           shape, bytes, crc32c, and where its numbers are not plain float32 their format,
 *           compression and the number of bytes in between; then blanks in place of what
 *           its numbers of round, client and report are shorter than they may be
 * values    of the tensors in the order of the header, row-major, without gaps
 * </pre>
 *
 * <p>So without compression the length follows from what is trained and the number of local steps,
 * and can be told before a run.
 *
 * <p>Opening reads and checks the header alone; a tensor is read and checked when asked for, so
 * that a stored update never needs to be in memory as a whole. Checksums find damage, not forgery.
 * Whatever is wrong with the bytes comes out as a {@link MessageException} that begins with their
 * origin.
 */
public final class Message {
  private static final byte[] MAGIC = {'T', 'R', 'I', 'B', 'M', 'S', 'G', 2};
  private static final int FIXED_BYTES = 16;

  /** Of a double and of a long, in characters, signs included. */
  private static final int LONGEST_DECIMAL = 24;

  private static final int LONGEST_INTEGER = 20;

  /** Far above any adapter's; a damaged length must not claim all memory. */
  private static final int MAX_HEADER_BYTES = 64 << 20;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .disable(MapperFeature.SORT_CREATOR_PROPERTIES_FIRST)
          .build();

  /**
   * @param bytes as they are stored
   * @param formatted bytes before compression
   */
  private record Slot(
      List<Long> shape,
      long offset,
      int bytes,
      String format,
      int formatted,
      String compression,
      String checksum) {
    int elements() {
      return Math.toIntExact(shape.stream().reduce(1L, Math::multiplyExact));
    }
  }

  /** Operators that were needed before, by name. */
  private static final Map<String, MessageOperator> KNOWN = new ConcurrentHashMap<>();

  private final String origin;
  private final MessageBytes content;
  private final MessageHeader header;
  private final Map<String, Map<String, Slot>> parts;

  private Message(
      String origin,
      MessageBytes content,
      MessageHeader header,
      Map<String, Map<String, Slot>> parts) {
    this.origin = origin;
    this.content = content;
    this.header = header;
    this.parts = parts;
  }

  // ---- writing

  /**
   * @param parts tensors by part and name, in the order they are to have
   * @throws IllegalArgumentException if it would be longer than an array may be (2 GiB)
   */
  public static byte[] encode(MessageHeader header, Map<String, NamedTensors> parts) {
    return encode(header, parts, MessagePipeline.PLAIN, part -> false, Seed.of(0));
  }

  /**
   * @param pipeline what numbers go through
   * @param passing whether those of a part do; others stay as they are
   * @param seed for what the format draws
   * @throws MessageException if the format cannot hold a number; names the tensor
   */
  public static byte[] encode(
      MessageHeader header,
      Map<String, NamedTensors> parts,
      MessagePipeline pipeline,
      Predicate<String> passing,
      Seed seed) {
    List<byte[]> values = new ArrayList<>();
    ObjectNode json = JSON.createObjectNode();
    json.put("kind", header.kind().name());
    json.put("round", header.round());
    json.put("client", header.client());
    header.report().ifPresent(report -> json.set("report", JSON.valueToTree(report)));
    var tensors = json.putArray("tensors");
    long size = 0;
    for (Map.Entry<String, NamedTensors> part : parts.entrySet()) {
      MessagePipeline through = passing.test(part.getKey()) ? pipeline : MessagePipeline.PLAIN;
      for (Map.Entry<String, Tensor> tensor : part.getValue().byName().entrySet()) {
        byte[] formatted = formatted(through, part.getKey(), tensor, seed.child(part.getKey()));
        byte[] bytes = through.compression().map(c -> c.compress(formatted)).orElse(formatted);
        values.add(bytes);
        size += bytes.length;
        ObjectNode slot = tensors.addObject();
        slot.put("part", part.getKey());
        slot.put("name", tensor.getKey());
        tensor.getValue().shape().forEach(slot.putArray("shape")::add);
        slot.put("bytes", bytes.length);
        if (!through.formatName().equals(MessagePipeline.PLAIN.formatName())) {
          slot.put("format", through.formatName());
        }
        if (through.compression().isPresent()) {
          slot.put("compression", through.compressionName()).put("formatted", formatted.length);
        }
        slot.put("crc32c", checksum(bytes));
      }
    }
    byte[] text = filledUp(toText(json), blanks(json));
    if (size + text.length + FIXED_BYTES > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "Cannot encode a message of " + size + " bytes: more than 2 GiB; train fewer tensors");
    }
    byte[] message = new byte[FIXED_BYTES + text.length + (int) size];
    ByteBuffer out = littleEndian(message);
    out.put(MAGIC).putInt(text.length).putInt(crc32c(text)).put(text);
    values.forEach(out::put);
    return message;
  }

  /**
   * Characters that the numbers of round, client and report leave of the most that they may have.
   */
  private static int blanks(ObjectNode json) {
    int blanks = 0;
    List<JsonNode> open = new ArrayList<>(List.of(json.get("round"), json.get("client")));
    if (json.has("report")) {
      open.add(json.get("report"));
    }
    while (!open.isEmpty()) {
      JsonNode node = open.remove(open.size() - 1);
      if (node.isContainerNode()) {
        node.forEach(open::add);
      } else {
        // NaN is a text in JSON
        boolean decimal = node.isFloatingPointNumber() || node.isTextual();
        blanks += (decimal ? LONGEST_DECIMAL : LONGEST_INTEGER) - node.toString().length();
      }
    }
    return blanks;
  }

  private static byte[] filledUp(byte[] text, int blanks) {
    byte[] filled = Arrays.copyOf(text, text.length + blanks);
    Arrays.fill(filled, text.length, filled.length, (byte) ' ');
    return filled;
  }

  /** Bytes that one more local step adds to a message with a report: its loss, and a comma. */
  public static int bytesPerStep() {
    return LONGEST_DECIMAL + 1;
  }

  private static byte[] toText(ObjectNode json) {
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of texts and numbers is JSON", e);
    }
  }

  private static byte[] formatted(
      MessagePipeline pipeline, String part, Map.Entry<String, Tensor> tensor, Seed seed) {
    try {
      return pipeline.format().encode(tensor.getValue().values(), seed.child(tensor.getKey()));
    } catch (IllegalArgumentException e) {
      throw new MessageException(
          "Cannot write tensor " + tensor.getKey() + " of part " + part + ": " + e.getMessage(), e);
    }
  }

  // ---- reading

  /**
   * @param origin what errors call it, e.g. {@code client 3, round 2: update}
   */
  public static Message of(byte[] bytes, String origin) {
    return open(MessageBytes.of(bytes), origin);
  }

  /** As {@link #of}, of bytes that stay where they are until asked for. */
  public static Message open(MessageBytes content, String origin) {
    try {
      long size = content.size();
      if (size < FIXED_BYTES) {
        throw refused(origin, size + " bytes are too few for a message; it was cut");
      }
      ByteBuffer fixed = littleEndian(content.read(0, FIXED_BYTES));
      byte[] magic = new byte[MAGIC.length];
      fixed.get(magic);
      checkMagic(origin, magic);
      int length = fixed.getInt();
      int crc = fixed.getInt();
      if (length < 2 || length > MAX_HEADER_BYTES || length > size - FIXED_BYTES) {
        throw refused(origin, "a header of " + length + " bytes does not fit into " + size);
      }
      byte[] text = content.read(FIXED_BYTES, length);
      if (crc32c(text) != crc) {
        throw refused(origin, "the header's checksum does not fit; it was damaged on its way");
      }
      return parsed(origin, content, text, size);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + origin, e);
    }
  }

  private static void checkMagic(String origin, byte[] magic) {
    if (!Arrays.equals(magic, 0, MAGIC.length - 1, MAGIC, 0, MAGIC.length - 1)) {
      throw refused(origin, "it is no Tributary message");
    }
    if (magic[MAGIC.length - 1] != MAGIC[MAGIC.length - 1]) {
      throw refused(
          origin,
          "it has format version "
              + magic[MAGIC.length - 1]
              + ", this Tributary reads version "
              + MAGIC[MAGIC.length - 1]
              + "; use the same Tributary at both ends");
    }
  }

  private static Message parsed(String origin, MessageBytes content, byte[] text, long size) {
    MessageHeader header;
    Map<String, Map<String, Slot>> parts = new LinkedHashMap<>();
    long offset = (long) FIXED_BYTES + text.length;
    try {
      JsonNode json = JSON.readTree(text);
      header =
          new MessageHeader(
              MessageHeader.Kind.valueOf(json.path("kind").asText()),
              whole(json, "round"),
              whole(json, "client"),
              json.has("report")
                  ? Optional.of(JSON.treeToValue(json.get("report"), ClientReport.class))
                  : Optional.empty());
      for (JsonNode tensor : json.path("tensors")) {
        Slot slot = slot(tensor, offset, origin);
        String name = tensor.path("name").asText();
        if (parts
                .computeIfAbsent(tensor.path("part").asText(), part -> new LinkedHashMap<>())
                .put(name, slot)
            != null) {
          throw refused(origin, "tensor " + name + " is in it twice");
        }
        offset += slot.bytes();
      }
    } catch (IOException | IllegalArgumentException | ArithmeticException e) {
      throw new MessageException(
          origin + " is refused: its header makes no sense: " + e.getMessage(), e);
    }
    if (offset != size) {
      throw refused(origin, "it has " + size + " bytes, its header says " + offset);
    }
    return new Message(origin, content, header, parts);
  }

  private static Slot slot(JsonNode tensor, long offset, String origin) {
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (JsonNode extent : tensor.path("shape")) {
      if (!extent.isIntegralNumber() || !extent.canConvertToLong() || extent.asLong() < 0) {
        throw new IllegalArgumentException("shape " + tensor.path("shape"));
      }
      shape.add(extent.asLong());
      elements = Math.multiplyExact(elements, extent.asLong());
    }
    int bytes = whole(tensor, "bytes");
    String format = tensor.path("format").asText(MessagePipeline.PLAIN.formatName());
    String compression = tensor.path("compression").asText("");
    int formatted = compression.isEmpty() ? bytes : whole(tensor, "formatted");
    // before anything is unpacked: what it claims must be what such numbers can take
    NumberFormat numbers = operator(NumberFormat.class, format, origin);
    if (bytes < 0
        || formatted < 0
        || elements > Integer.MAX_VALUE
        || formatted > numbers.mostBytes(elements)) {
      throw new IllegalArgumentException(formatted + " bytes for shape " + shape);
    }
    if (numbers instanceof Float32) {
      Lengths.require(formatted, elements * Float.BYTES, shape);
    }
    return new Slot(
        shape, offset, bytes, format, formatted, compression, tensor.path("crc32c").asText());
  }

  private static <T extends MessageOperator> T operator(Class<T> kind, String name, String origin) {
    MessageOperator operator = KNOWN.get(name);
    if (operator == null) {
      Providers<?> providers = Providers.of(MessageOperator.Provider.class);
      operator =
          providers
              .find(name)
              .map(provider -> ((MessageOperator.Provider<?>) provider).decoder())
              .orElseThrow(
                  () -> refused(origin, "it was encoded with " + name + ", not known here"));
      KNOWN.put(name, operator);
    }
    if (!kind.isInstance(operator)) {
      throw refused(origin, name + " stands in the wrong place");
    }
    return kind.cast(operator);
  }

  private static int whole(JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw new IllegalArgumentException(key + " is " + value);
    }
    return value.asInt();
  }

  // ---- what is in it

  public MessageHeader header() {
    return header;
  }

  public List<String> parts() {
    return List.copyOf(parts.keySet());
  }

  /** Names of a part's tensors, in order; none if there is no such part. */
  public List<String> names(String part) {
    return List.copyOf(parts.getOrDefault(part, Map.of()).keySet());
  }

  /** The shape of a tensor, without reading its values. */
  public List<Long> shape(String part, String name) {
    return slot(part, name).shape();
  }

  /** Reads and checks one tensor. */
  public Tensor tensor(String part, String name) {
    Slot slot = slot(part, name);
    byte[] bytes;
    try {
      bytes = content.read(slot.offset(), slot.bytes());
    } catch (EOFException e) {
      throw new MessageException(origin + " is refused: it was cut in tensor " + name, e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read tensor " + name + " of " + origin, e);
    }
    if (!checksum(bytes).equals(slot.checksum())) {
      throw refused(origin, "the checksum of tensor " + name + " does not fit; it was damaged");
    }
    try {
      byte[] formatted =
          slot.compression().isEmpty()
              ? bytes
              : operator(Compression.class, slot.compression(), origin)
                  .restore(bytes, slot.formatted());
      return new Tensor(
          slot.shape(),
          operator(NumberFormat.class, slot.format(), origin).decode(formatted, slot.elements()));
    } catch (IllegalArgumentException e) {
      throw new MessageException(
          origin + " is refused: tensor " + name + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * How many bytes its numbers take, before and after what they went through.
   *
   * @param own which parts a client keeps for itself
   */
  public MessageSizes sizes(Predicate<String> own) {
    long values = 0;
    long formatted = 0;
    long stored = 0;
    long kept = 0;
    String format = MessagePipeline.PLAIN.formatName();
    String compression = "";
    for (Map.Entry<String, Map<String, Slot>> part : parts.entrySet()) {
      for (Slot slot : part.getValue().values()) {
        if (own.test(part.getKey())) {
          kept += slot.bytes();
          continue;
        }
        values += (long) slot.elements() * Float.BYTES;
        formatted += slot.formatted();
        stored += slot.bytes();
        format = slot.format();
        compression = slot.compression();
      }
    }
    return new MessageSizes(values, format, formatted, compression, stored, kept, size());
  }

  private long size() {
    try {
      return content.size();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + origin, e);
    }
  }

  /** Reads and checks the tensors of one part; none if there is no such part. */
  public NamedTensors part(String part) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (String name : names(part)) {
      tensors.put(name, tensor(part, name));
    }
    return new NamedTensors(tensors);
  }

  /** Reads and checks everything. */
  public Map<String, NamedTensors> allParts() {
    Map<String, NamedTensors> all = new LinkedHashMap<>();
    parts.keySet().forEach(part -> all.put(part, part(part)));
    return all;
  }

  // ---- what may be asked of it

  /** Refuses a message of another kind, round or sender. */
  public Message expect(MessageHeader.Kind kind, int round, int client) {
    if (header.kind() != kind || header.round() != round || header.client() != client) {
      throw refused(
          origin,
          "it is %s of round %d, client %d, where %s of round %d, client %d was due"
              .formatted(header.kind(), header.round(), header.client(), kind, round, client));
    }
    return this;
  }

  /** Refuses a part that has not just the names and shapes of another's tensors. */
  public Message expectShapes(String part, NamedTensors like) {
    if (!names(part).equals(like.names())) {
      throw refused(
          origin, "part " + part + " has tensors " + names(part) + ", not " + like.names());
    }
    like.byName()
        .forEach(
            (name, tensor) -> {
              if (!shape(part, name).equals(tensor.shape())) {
                throw refused(
                    origin,
                    "tensor "
                        + name
                        + " has shape "
                        + shape(part, name)
                        + ", not "
                        + tensor.shape());
              }
            });
    return this;
  }

  /** Reads everything once, a tensor at a time, and refuses values that are not finite. */
  public Message expectFinite() {
    for (String part : parts.keySet()) {
      for (String name : names(part)) {
        for (float value : tensor(part, name).values()) {
          if (!Float.isFinite(value)) {
            throw refused(origin, "tensor " + name + " of part " + part + " holds " + value);
          }
        }
      }
    }
    return this;
  }

  private Slot slot(String part, String name) {
    Slot slot = parts.getOrDefault(part, Map.of()).get(name);
    if (slot == null) {
      throw refused(origin, "it has no tensor " + name + " in part " + part);
    }
    return slot;
  }

  private static MessageException refused(String origin, String why) {
    return new MessageException(origin + " is refused: " + why);
  }

  private static String checksum(byte[] bytes) {
    return HexFormat.of().toHexDigits(crc32c(bytes));
  }

  private static int crc32c(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, bytes.length);
    return (int) crc.getValue();
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
