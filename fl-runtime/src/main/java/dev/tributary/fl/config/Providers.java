// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * The providers of one kind on the class path, by name.
 *
 * @param <P> the kind, e.g. {@code FederatedAlgorithm.Provider}
 */
public final class Providers<P extends Provider<?, ?>> {
  private final Map<String, P> byName;

  private Providers(Map<String, P> byName) {
    this.byName = byName;
  }

  /**
   * All providers that {@code META-INF/services} of the class path names.
   *
   * @throws IllegalStateException if two have the same name; both classes are named
   */
  public static <P extends Provider<?, ?>> Providers<P> of(Class<P> kind) {
    ClassLoader users = Thread.currentThread().getContextClassLoader();
    ClassLoader loader = users == null ? kind.getClassLoader() : users;
    Map<String, P> byName = new TreeMap<>();
    for (P provider : ServiceLoader.load(kind, loader)) {
      P other = byName.put(provider.name(), provider);
      if (other != null) {
        throw new IllegalStateException(
            "Two providers are named "
                + provider.name()
                + ": "
                + other.getClass().getName()
                + " and "
                + provider.getClass().getName()
                + "; take one of their jars off the class path");
      }
    }
    return new Providers<>(byName);
  }

  public Optional<P> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  public List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /** The nearest of {@code known} to a mistyped word, if one is near. */
  public static Optional<String> nearest(String word, Collection<String> known) {
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    int worst = Math.max(2, word.length() / 3);
    List<String> best = new ArrayList<>();
    for (String candidate : known) {
      int d = distance.apply(word, candidate);
      if (d <= worst) {
        if (d < worst) {
          best.clear();
        }
        worst = d;
        best.add(candidate);
      }
    }
    return best.stream().sorted().findFirst();
  }
}
