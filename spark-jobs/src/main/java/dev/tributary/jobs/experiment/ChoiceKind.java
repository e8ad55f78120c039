// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.ChosenBy;
import dev.tributary.fl.config.Provider;
import dev.tributary.fl.config.Providers;
import java.util.Arrays;

/**
 * A kind of things that are chosen by name, e.g. {@code FederatedAlgorithm}.
 *
 * @param key the key that names the choice, e.g. {@code name}
 * @param providers what can be chosen
 */
record ChoiceKind(String key, Providers<?> providers) {
  /**
   * @param kind an interface with a nested interface {@code Provider}
   */
  static ChoiceKind of(Class<?> kind) {
    Class<?> nested =
        Arrays.stream(kind.getDeclaredClasses())
            .filter(c -> c.getSimpleName().equals("Provider"))
            .filter(Provider.class::isAssignableFrom)
            .findFirst()
            .orElseThrow(
                () -> new IllegalStateException(kind + " has no nested interface Provider"));
    ChosenBy chosenBy = nested.getAnnotation(ChosenBy.class);
    return new ChoiceKind(chosenBy == null ? "name" : chosenBy.value(), providers(nested));
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // a type variable for "some subtype of Provider"
  private static Providers<?> providers(Class<?> nested) {
    return Providers.of((Class) nested.asSubclass(Provider.class));
  }
}
