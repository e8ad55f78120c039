// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Providers;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** All keys that a kind of file may have, to tell where a misplaced or misspelt one belongs. */
final class KnownKeys {
  /** Where a key stands whatever is chosen, and where only some choices have it. */
  private final Map<String, String> certain = new HashMap<>();

  private final Map<String, String> possible = new HashMap<>();

  /** Keys of a record and of everything below it, with those of all providers. */
  static KnownKeys of(Class<? extends Record> root) {
    KnownKeys known = new KnownKeys();
    known.add(root, "", key -> true);
    return known;
  }

  private void add(Class<?> type, String path, Predicate<String> always) {
    for (RecordComponent component : type.getRecordComponents()) {
      String key = FormerNames.kebab(component.getName());
      String full = path.isEmpty() ? key : path + "." + key;
      (always.test(key) ? certain : possible).putIfAbsent(key, full);
      addBelow(component.getGenericType(), full);
    }
  }

  private void addBelow(Type type, String path) {
    if (type instanceof Class<?> plain && plain.isRecord()) {
      add(plain, path, key -> true);
    } else if (type instanceof ParameterizedType generic) {
      Type argument = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == Choice.class) {
        Providers<?> providers = ChoiceKind.of((Class<?>) argument).providers();
        List<Class<?>> configs =
            providers.names().stream()
                .<Class<?>>map(name -> providers.find(name).orElseThrow().configType())
                .toList();
        configs.forEach(
            config -> add(config, path, key -> configs.stream().allMatch(c -> has(c, key))));
      } else if (generic.getRawType() == Optional.class) {
        addBelow(argument, path);
      }
      // Keys of lists' entries are left out: there is no one place where such a key belongs.
    }
  }

  private static boolean has(Class<?> type, String key) {
    return Arrays.stream(type.getRecordComponents())
        .anyMatch(component -> FormerNames.kebab(component.getName()).equals(key));
  }

  /**
   * Where in the file a key belongs, by its name here or elsewhere: the first place that has it
   * whatever is chosen there, or else the first that may have it.
   */
  Optional<String> pathOf(String key) {
    String kebab = FormerNames.kebab(key);
    return place(kebab).or(() -> FormerNames.key(kebab).flatMap(this::place));
  }

  private Optional<String> place(String key) {
    return Optional.ofNullable(certain.getOrDefault(key, possible.get(key)));
  }

  /** The one of {@code known} that a mistyped word stands for, if one is near. */
  static Optional<String> suggestion(String word, Collection<String> known) {
    String kebab = FormerNames.kebab(word);
    if (known.contains(kebab)) {
      return Optional.of(kebab);
    }
    return FormerNames.key(kebab)
        .filter(known::contains)
        .or(
            () ->
                Providers.nearest(kebab, known)
                    // of very short words, everything is near
                    .filter(near -> near.charAt(0) == kebab.charAt(0) || kebab.length() > 4));
  }
}
