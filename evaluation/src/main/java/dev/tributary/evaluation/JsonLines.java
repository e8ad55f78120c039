// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tributary.fl.config.InputException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;

/**
 * Reads benchmark and answers files: one JSON object a line, UTF-8, plain or gzip. A byte order
 * mark and blank lines are no part of the data. All faults of a file are reported at once, each
 * with file and line.
 */
public final class JsonLines {
  private static final int FAULTS_SHOWN = 20;
  private static final String MARK = "\uFEFF";
  private static final ObjectReader JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(JsonNode.class);

  private JsonLines() {}

  /**
   * One object.
   *
   * @param record counted from 0, blank lines not counted
   * @param fields the object
   */
  public record Line(int record, JsonNode fields) {
    /**
     * A text.
     *
     * @throws InputException if there is none by this name; what is wrong, without file and line
     */
    public String text(String name) {
      JsonNode value = present(name);
      if (!value.isTextual()) {
        throw new InputException("'" + name + "' is " + kind(value) + ", not text");
      }
      return value.textValue();
    }

    /** A text, or a whole number as text: {@code 11} and {@code "11"} are the same. */
    public String textOrNumber(String name) {
      JsonNode value = present(name);
      if (!value.isTextual() && !value.isIntegralNumber()) {
        throw new InputException(
            "'" + name + "' is " + kind(value) + ", neither text nor a whole number");
      }
      return value.asText();
    }

    private JsonNode present(String name) {
      JsonNode value = fields.path(name);
      if (value.isMissingNode()) {
        throw new InputException("'" + name + "' is missing");
      }
      return value;
    }
  }

  /**
   * Reads a whole file.
   *
   * @param each what becomes of a line; an {@link InputException} of it is a fault of that line
   * @return one value a line
   * @throws InputException if the file cannot be opened, is empty, or has faults
   */
  public static <T> List<T> read(BenchmarkFiles files, String path, Function<Line, T> each) {
    List<T> values = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    int number = 0;
    try (BufferedReader lines = open(files, path)) {
      for (String text = lines.readLine(); text != null; text = lines.readLine()) {
        number++;
        String content = number == 1 && text.startsWith(MARK) ? text.substring(1) : text;
        if (content.isBlank()) {
          continue;
        }
        try {
          values.add(each.apply(new Line(values.size() + faults.size(), object(content))));
        } catch (InputException fault) {
          faults.add(path + ":" + number + ": " + fault.getMessage());
        }
      }
    } catch (CharacterCodingException e) {
      throw new InputException(
          path + ":" + (number + 1) + ": the bytes are not UTF-8 text; convert the file", e);
    } catch (NoSuchFileException | FileNotFoundException e) {
      throw new InputException("Cannot read " + path + ": there is no such file", e);
    } catch (IOException e) {
      throw new InputException("Cannot read " + path + ": " + e.getMessage(), e);
    }
    if (!faults.isEmpty()) {
      throw new InputException(joined(faults));
    }
    if (values.isEmpty()) {
      throw new InputException(path + ": the file is empty; give one JSON object a line");
    }
    return values;
  }

  private static JsonNode object(String text) {
    JsonNode node;
    try {
      node = JSON.readValue(text);
    } catch (JsonProcessingException e) {
      throw new InputException("not a JSON object: " + e.getOriginalMessage(), e);
    }
    if (!node.isObject()) {
      throw new InputException(
          "the line is " + kind(node) + ", not an object; give one JSON object a line");
    }
    return node;
  }

  private static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "an array";
      case OBJECT -> "an object";
      case STRING -> "text";
      case NUMBER -> "the number " + value.asText();
      case BOOLEAN -> "the truth value " + value.asText();
      case NULL -> "null";
      case BINARY, MISSING, POJO -> value.getNodeType().toString();
    };
  }

  private static String joined(List<String> faults) {
    String shown = String.join("\n", faults.subList(0, Math.min(faults.size(), FAULTS_SHOWN)));
    int more = faults.size() - FAULTS_SHOWN;
    return more > 0 ? shown + "\nand " + more + " more lines with faults" : shown;
  }

  private static BufferedReader open(BenchmarkFiles files, String path) throws IOException {
    InputStream bytes = new BufferedInputStream(files.open(path));
    try {
      bytes.mark(2);
      boolean zipped = bytes.read() == 0x1f && bytes.read() == 0x8b;
      bytes.reset();
      return new BufferedReader(
          new InputStreamReader(
              zipped ? new GZIPInputStream(bytes) : bytes,
              // A decoder of its own reports malformed bytes; the charset's replaces them.
              StandardCharsets.UTF_8.newDecoder()));
    } catch (IOException e) {
      bytes.close();
      throw e;
    }
  }
}
