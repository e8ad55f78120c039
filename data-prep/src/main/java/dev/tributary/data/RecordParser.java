// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.MappingJsonFactory;
import dev.tributary.data.BrokenRecord.Reason;
import dev.tributary.data.Corpus.Content;
import dev.tributary.data.Corpus.Field;
import dev.tributary.data.Corpus.Presence;
import dev.tributary.fl.text.InstructionExample;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Takes a corpus's fields out of JSON objects; for one thread. */
final class RecordParser {
  /** What a place in a file gave. */
  sealed interface Outcome permits Read, Broken {}

  /**
   * A usable record.
   *
   * @param columns values of {@link Corpus#columns()}
   */
  record Read(InstructionExample example, List<String> columns) implements Outcome {}

  /** A record that is none. */
  record Broken(BrokenRecord record) implements Outcome {}

  static final MappingJsonFactory JSON = new MappingJsonFactory();

  private final Corpus corpus;
  private final List<Field> fields;
  private final Map<String, Integer> indices = new HashMap<>();

  RecordParser(Corpus corpus) {
    this.corpus = corpus;
    Map<String, Field> byName = new LinkedHashMap<>();
    corpus.fields().forEach(field -> byName.merge(field.name(), field, RecordParser::both));
    this.fields = List.copyOf(byName.values());
    for (int i = 0; i < fields.size(); i++) {
      indices.put(fields.get(i).name(), i);
    }
  }

  /** A field that serves twice: present if either needs it, and as strict as the stricter. */
  private static Field both(Field one, Field other) {
    boolean required = one.presence() == Presence.REQUIRED || other.presence() == Presence.REQUIRED;
    return new Field(
        one.name(),
        one.content().compareTo(other.content()) <= 0 ? one.content() : other.content(),
        required ? Presence.REQUIRED : Presence.OPTIONAL);
  }

  /**
   * Reads the object that a parser stands at, to its end.
   *
   * @param line for the outcome, if it is broken
   * @throws com.fasterxml.jackson.core.JacksonException if it is no JSON
   */
  Outcome object(JsonParser parser, long line) throws IOException {
    @Nullable String[] values = new @Nullable String[fields.size()];
    List<String> others = new ArrayList<>();
    Optional<BrokenRecord> fault = Optional.empty();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken token = parser.nextToken();
      Integer index = indices.get(name);
      if (index == null) {
        if (others.size() < 12) { // enough to recognise a record by
          others.add(name);
        }
        parser.skipChildren();
      } else if (token == JsonToken.VALUE_STRING) {
        String text = parser.getText();
        if (fault.isEmpty() && !isWellFormed(text)) {
          fault =
              broken(
                  Reason.INVALID_TEXT,
                  line,
                  "field '"
                      + name
                      + "' has half a surrogate pair (an escape \\ud800 to \\udfff"
                      + " alone), which is no character; repair the record");
        }
        values[index] = text;
      } else if (token != JsonToken.VALUE_NULL) {
        Content content = fields.get(index).content();
        if (content == Content.ANY) {
          values[index] = parser.readValueAsTree().toString();
        } else if (content == Content.LABEL && token.isScalarValue()) {
          values[index] = parser.getText();
        } else {
          fault = fault.or(() -> broken(Reason.WRONG_TYPE, line, wrongType(name, token)));
          parser.skipChildren();
        }
      }
    }
    return fault.<Outcome>map(Broken::new).orElseGet(() -> record(values, others, line));
  }

  /**
   * A record of a table.
   *
   * @param columns names
   * @param cells in the order of the columns; where a row is shorter the rest is missing
   */
  Outcome row(List<String> columns, List<Cell> cells, long line) {
    @Nullable String[] values = new @Nullable String[fields.size()];
    List<String> others = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      String name = columns.get(i);
      Integer index = indices.get(name);
      Optional<String> text = i < cells.size() ? cells.get(i).text() : Optional.empty();
      if (index == null) {
        if (others.size() < 12) {
          others.add(name);
        }
      } else if (text.isPresent()) {
        if (fields.get(index).content() == Content.TEXT && !cells.get(i).isText()) {
          return new Broken(
              new BrokenRecord(
                  Reason.WRONG_TYPE,
                  line,
                  "column '" + name + "' is no text; name one that is in fields"));
        }
        values[index] = text.get();
      }
    }
    return record(values, others, line);
  }

  /**
   * A value of a table.
   *
   * @param text empty where there is none
   * @param isText whether the column holds text
   */
  record Cell(Optional<String> text, boolean isText) {}

  private Outcome record(@Nullable String[] values, List<String> others, long line) {
    Optional<BrokenRecord> fault = missing(values, others, line);
    if (fault.isPresent()) {
      return new Broken(fault.get());
    }
    InstructionExample example = corpus.example(field -> text(values, field));
    return new Read(
        example, corpus.columns().stream().map(column -> text(values, column)).toList());
  }

  private Optional<BrokenRecord> missing(
      @Nullable String[] values, List<String> others, long line) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] == null && fields.get(i).presence() == Presence.REQUIRED) {
        return broken(
            Reason.MISSING_FIELD,
            line,
            "field '"
                + fields.get(i).name()
                + "' is missing or null"
                + (others.isEmpty() ? "" : " (the record has " + others + " besides)")
                + "; is data.corpus the right one? For other field names take the corpus json with"
                + " fields: {instruction: ..., output: ...}");
      }
    }
    return Optional.empty();
  }

  private String text(@Nullable String[] values, String field) {
    Integer index = indices.get(field);
    if (index == null) {
      throw new IllegalArgumentException("'" + field + "' is not among the fields " + fields);
    }
    String value = values[index];
    return value == null ? "" : value;
  }

  private static String wrongType(String name, JsonToken token) {
    String type =
        switch (token) {
          case START_OBJECT -> "an object";
          case START_ARRAY -> "a list";
          case VALUE_TRUE, VALUE_FALSE -> "true or false";
          default -> "a number";
        };
    return "field '" + name + "' is " + type + " where text is needed; repair the record";
  }

  private static Optional<BrokenRecord> broken(Reason reason, long line, String what) {
    return Optional.of(new BrokenRecord(reason, line, what));
  }

  private static boolean isWellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isSurrogate(c)) {
        boolean pair =
            Character.isHighSurrogate(c)
                && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
        if (!pair) {
          return false;
        }
        i++;
      }
    }
    return true;
  }
}
