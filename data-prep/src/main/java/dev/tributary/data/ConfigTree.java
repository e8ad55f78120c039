// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.config.Choice;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Configurations as the experiment file would say them, with every default, for manifests. */
final class ConfigTree {
  private ConfigTree() {}

  /** The name and all arguments of what was chosen. */
  static Map<String, Object> of(Choice<?> choice) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", choice.name());
    tree.putAll(of(choice.config()));
    return tree;
  }

  static Map<String, Object> of(Record record) {
    Map<String, Object> tree = new LinkedHashMap<>();
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      Object value;
      try {
        component.getAccessor().setAccessible(true); // users' records need not be public
        value = component.getAccessor().invoke(record);
      } catch (IllegalAccessException | InvocationTargetException e) {
        throw new IllegalStateException("Cannot read " + component + " of " + record, e);
      }
      plain(value).ifPresent(plain -> tree.put(kebab(component.getName()), plain));
    }
    return tree;
  }

  private static Optional<Object> plain(Object value) {
    if (value instanceof Optional<?> optional) {
      return optional.flatMap(ConfigTree::plain);
    }
    if (value instanceof Record record) {
      return Optional.of(of(record));
    }
    if (value instanceof Choice<?> choice) {
      return Optional.of(of(choice));
    }
    if (value instanceof Enum<?> constant) {
      return Optional.of(constant.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }
    if (value instanceof List<?> list) {
      return Optional.of(list.stream().flatMap(item -> plain(item).stream()).toList());
    }
    return Optional.of(value);
  }

  private static String kebab(String camel) {
    return camel.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
  }
}
