// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.Choice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Writes an experiment as a file that says everything: defaults are filled in, keys stand in the
 * order of the records. Read again, it gives an equal experiment.
 */
public final class ExperimentWriter {
  private static final int WIDTH = 100;

  /** Texts that are safe without quotes, in YAML 1.1 and 1.2. */
  private static final Pattern BARE = Pattern.compile("[A-Za-z_./][A-Za-z0-9_./+-]*");

  /** Bare words that some YAML reader takes for something else than text. */
  private static final Set<String> SPECIAL =
      Set.of("true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan");

  private ExperimentWriter() {}

  /** The text of {@code experiment.yaml}. */
  public static String yaml(Experiment experiment) {
    StringBuilder text = new StringBuilder();
    write(values(experiment), "", text);
    return text.toString();
  }

  /**
   * Every key with its value as the file would write it, in the order of the file; lists count as
   * one value, choices give their name under the key that chooses them.
   */
  static Map<String, String> flat(Record record) {
    Map<String, String> flat = new LinkedHashMap<>();
    flatten(values(record), "", flat);
    return flat;
  }

  private static void flatten(Map<String, Object> values, String prefix, Map<String, String> into) {
    values.forEach(
        (key, value) -> {
          if (value instanceof Group group && !group.entries().isEmpty()) {
            flatten(group.entries(), prefix + key + ".", into);
          } else {
            into.put(prefix + key, inline(value));
          }
        });
  }

  // From records to plain values: Group, List, and texts that are YAML already.

  private record Group(Map<String, Object> entries) {}

  private static Map<String, Object> values(Record record) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (var component : record.getClass().getRecordComponents()) {
      try {
        var accessor = component.getAccessor();
        accessor.setAccessible(true); // records of users' packages need not be public
        plain(accessor.invoke(record))
            .ifPresent(value -> values.put(FormerNames.kebab(component.getName()), value));
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("Cannot read " + component, e);
      }
    }
    return values;
  }

  private static Optional<Object> plain(Object value) {
    if (value instanceof Optional<?> optional) {
      return optional.flatMap(ExperimentWriter::plain);
    }
    if (value instanceof Choice<?> choice) {
      Map<String, Object> group = new LinkedHashMap<>();
      group.put(keyOf(choice), quoted(choice.name()));
      group.putAll(values(choice.config()));
      return Optional.of(new Group(group));
    }
    if (value instanceof Record record) {
      return Optional.of(new Group(values(record)));
    }
    if (value instanceof List<?> list) {
      List<Object> items = new ArrayList<>();
      list.forEach(item -> items.add(plain(item).orElse("null")));
      return Optional.of(items);
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> group = new TreeMap<>();
      map.forEach((k, v) -> group.put(quoted(k.toString()), plain(v).orElse("null")));
      return Optional.of(new Group(group));
    }
    if (value instanceof Enum<?> constant) {
      return Optional.of(RecordReader.kebab(constant));
    }
    return Optional.of(value instanceof String text ? quoted(text) : value.toString());
  }

  /** The key that names the choice: {@code method} for adapters, {@code name} for most. */
  private static String keyOf(Choice<?> choice) {
    Class<?> type = choice.provider().getClass();
    while (type != null) {
      for (Class<?> kind : type.getInterfaces()) {
        var chosenBy = kind.getAnnotation(dev.tributary.fl.config.ChosenBy.class);
        if (chosenBy != null) {
          return chosenBy.value();
        }
      }
      type = type.getSuperclass();
    }
    return "name";
  }

  static String quoted(String text) {
    if (BARE.matcher(text).matches() && !SPECIAL.contains(FormerNames.kebab(text))) {
      return text;
    }
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> quoted.append('\\').append(c);
        case '\n' -> quoted.append("\\n");
        case '\t' -> quoted.append("\\t");
        default -> {
          boolean printable = (c >= ' ' && c < 0x7F) || Character.isLetterOrDigit(c);
          quoted.append(printable ? String.valueOf(c) : String.format("\\u%04X", (int) c));
        }
      }
    }
    return quoted.append('"').toString();
  }

  // From plain values to text.

  private static void write(Map<String, Object> values, String indent, StringBuilder text) {
    values.forEach(
        (key, value) -> {
          String line = indent + key + ": " + inline(value);
          if (isShort(line, value)) {
            text.append(line).append('\n');
            return;
          }
          text.append(indent).append(key).append(":\n");
          if (value instanceof Group group) {
            write(group.entries(), indent + "  ", text);
          } else if (value instanceof List<?> list) {
            list.forEach(item -> writeItem(item, indent + "  ", text));
          }
        });
  }

  private static void writeItem(Object item, String indent, StringBuilder text) {
    String line = indent + "- " + inline(item);
    if (isShort(line, item) || !(item instanceof Group group)) {
      text.append(line).append('\n');
      return;
    }
    StringBuilder block = new StringBuilder();
    write(group.entries(), indent + "  ", block);
    text.append(indent).append("- ").append(block.substring(indent.length() + 2));
  }

  /** Whether a value goes on one line: if it fits, and no group stands inside another. */
  private static boolean isShort(String line, Object value) {
    if (value instanceof Group group) {
      boolean nested =
          group.entries().values().stream().anyMatch(v -> v instanceof Group || isListOfGroups(v));
      return line.length() <= WIDTH && !nested;
    }
    return !(value instanceof List<?> list)
        || list.isEmpty()
        || (line.length() <= WIDTH && !isListOfGroups(value));
  }

  private static boolean isListOfGroups(Object value) {
    return value instanceof List<?> list && list.stream().anyMatch(Group.class::isInstance);
  }

  private static String inline(Object value) {
    if (value instanceof Group group) {
      StringJoiner joined = new StringJoiner(", ", "{", "}");
      group.entries().forEach((key, inner) -> joined.add(key + ": " + inline(inner)));
      return joined.toString();
    }
    if (value instanceof List<?> list) {
      StringJoiner joined = new StringJoiner(", ", "[", "]");
      list.forEach(inner -> joined.add(inline(inner)));
      return joined.toString();
    }
    return value.toString();
  }
}
