// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A provider and the configuration that the experiment file gives for it. Where a file chooses, a
 * plain name stands for a group with nothing but the name: {@code algorithm: fedavg}.
 *
 * @param provider what was named
 * @param config of the provider's {@link Provider#configType()}
 * @param <T> what is chosen
 */
public record Choice<T>(Provider<? extends T, ?> provider, Record config) implements Serializable {
  public Choice {
    if (!provider.configType().isInstance(config)) {
      throw new IllegalArgumentException(
          provider.name() + " takes " + provider.configType() + ", not " + config.getClass());
    }
  }

  public String name() {
    return provider.name();
  }

  /** Providers hold no state, so those of one class are the same choice. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Choice<?> choice
        && provider.getClass() == choice.provider.getClass()
        && config.equals(choice.config);
  }

  @Override
  public int hashCode() {
    return 31 * provider.getClass().getName().hashCode() + config.hashCode();
  }

  /** A new instance from the configuration. */
  public T create() {
    return create(provider);
  }

  private <U extends T, C extends Record> U create(Provider<U, C> typed) {
    return typed.create(typed.configType().cast(config));
  }
}
