// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Table rows as JSON Lines: records of numbers, texts, truth values and optional ones of these. A
 * missing optional value is left out; numbers that are not finite stand as texts.
 */
final class JsonRecords {
  private static final ObjectMapper JSON = new ObjectMapper();

  private JsonRecords() {}

  static byte[] lines(List<? extends Record> rows) {
    StringBuilder text = new StringBuilder();
    for (Record row : rows) {
      text.append(write(row)).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads what {@link #lines} wrote.
   *
   * @throws IllegalArgumentException if it is something else; the caller knows which file it is
   */
  static <T extends Record> List<T> rows(byte[] lines, Class<T> type) {
    List<T> rows = new ArrayList<>();
    new String(lines, StandardCharsets.UTF_8).lines().forEach(line -> rows.add(read(line, type)));
    return rows;
  }

  private static String write(Record row) {
    ObjectNode node = JSON.createObjectNode();
    try {
      for (RecordComponent component : row.getClass().getRecordComponents()) {
        Object value = component.getAccessor().invoke(row);
        Object plain = value instanceof Optional<?> maybe ? maybe.orElse(null) : value;
        if (plain != null) {
          node.set(
              component.getName(),
              plain instanceof Double number && !Double.isFinite(number)
                  ? JSON.getNodeFactory().textNode(number.toString())
                  : JSON.valueToTree(plain));
        }
      }
      return JSON.writeValueAsString(node);
    } catch (ReflectiveOperationException | JsonProcessingException e) {
      throw new IllegalStateException("Cannot write a " + row.getClass().getName(), e);
    }
  }

  private static <T extends Record> T read(String line, Class<T> type) {
    RecordComponent[] components = type.getRecordComponents();
    @Nullable Object[] values = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    try {
      JsonNode node = JSON.readTree(line);
      for (int i = 0; i < components.length; i++) {
        types[i] = components[i].getType();
        values[i] = value(node.path(components[i].getName()), components[i].getGenericType());
      }
      Constructor<T> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException | JsonProcessingException e) {
      throw new IllegalArgumentException("not a row of " + type.getSimpleName() + ": " + line, e);
    }
  }

  private static Object value(JsonNode node, Type type) throws JsonProcessingException {
    if (type instanceof ParameterizedType optional && optional.getRawType() == Optional.class) {
      return node.isMissingNode()
          ? Optional.empty()
          : Optional.of(value(node, optional.getActualTypeArguments()[0]));
    }
    if (node.isMissingNode()) {
      throw new IllegalArgumentException("a value is missing");
    }
    if (type == double.class || type == Double.class) {
      return node.isTextual() ? Double.valueOf(node.asText()) : (Double) node.asDouble();
    }
    return JSON.treeToValue(node, (Class<?>) type);
  }
}
