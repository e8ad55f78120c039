// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Providers;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** All keys that a kind of file may have, to tell where a misplaced or misspelt one belongs. */
final class KnownKeys {
  private final Map<String, String> pathByKey = new HashMap<>();

  /** Keys of a record and of everything below it, with those of all providers. */
  static KnownKeys of(Class<? extends Record> root) {
    KnownKeys known = new KnownKeys();
    known.add(root, "");
    return known;
  }

  private void add(Class<?> type, String path) {
    for (RecordComponent component : type.getRecordComponents()) {
      String key = FormerNames.kebab(component.getName());
      String full = path.isEmpty() ? key : path + "." + key;
      pathByKey.putIfAbsent(key, full);
      addBelow(component.getGenericType(), full);
    }
  }

  private void addBelow(Type type, String path) {
    if (type instanceof Class<?> plain && plain.isRecord()) {
      add(plain, path);
    } else if (type instanceof ParameterizedType generic) {
      Type argument = generic.getActualTypeArguments()[0];
      if (generic.getRawType() == Choice.class) {
        Providers<?> providers = ChoiceKind.of((Class<?>) argument).providers();
        providers
            .names()
            .forEach(name -> add(providers.find(name).orElseThrow().configType(), path));
      } else if (generic.getRawType() == Optional.class) {
        addBelow(argument, path);
      }
      // Keys of lists' entries are left out: there is no one place where such a key belongs.
    }
  }

  /** Where in the file a key belongs, by its name here or elsewhere; the first such place. */
  Optional<String> pathOf(String key) {
    String kebab = FormerNames.kebab(key);
    return Optional.ofNullable(pathByKey.get(kebab))
        .or(() -> FormerNames.key(kebab).map(pathByKey::get));
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
