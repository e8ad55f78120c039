// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** YAML as far as experiment files use it, with the places where things stand. Immutable. */
sealed interface Tree {
  /** Where the value begins; a fault is shown at its key instead, where it has one. */
  Place place();

  /** The value as one would write it on one line. */
  String text();

  /** Whether the value is left empty, or {@code null}: the same as leaving the key out. */
  default boolean isNothing() {
    return false;
  }

  /**
   * A single value.
   *
   * @param plain not in quotes
   */
  record Scalar(String value, boolean plain, Place place) implements Tree {
    private static final Set<String> NOTHING = Set.of("", "~", "null", "Null", "NULL");

    @Override
    public String text() {
      return plain ? value : "'" + value + "'";
    }

    @Override
    public boolean isNothing() {
      return plain && NOTHING.contains(value);
    }
  }

  /** Values in order. */
  record Sequence(List<Tree> items, Place place) implements Tree {
    public Sequence {
      items = List.copyOf(items);
    }

    @Override
    public String text() {
      return items.stream().map(Tree::text).collect(Collectors.joining(", ", "[", "]"));
    }
  }

  /** Values by key, in the order of the file. */
  record Mapping(Map<String, Entry> entries, Place place) implements Tree {
    public Mapping {
      entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    Optional<Entry> entry(String key) {
      return Optional.ofNullable(entries.get(key));
    }

    Mapping with(String key, Entry entry) {
      Map<String, Entry> changed = new LinkedHashMap<>(entries);
      changed.put(key, entry);
      return new Mapping(changed, place);
    }

    @Override
    public String text() {
      return entries.entrySet().stream()
          .map(e -> e.getKey() + ": " + e.getValue().value().text())
          .collect(Collectors.joining(", ", "{", "}"));
    }
  }

  /**
   * A key of a mapping with its value.
   *
   * @param place of the key
   */
  record Entry(Place place, Tree value) {}
}
