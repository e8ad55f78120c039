// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

/**
 * A provider and the configuration that the experiment file gives for it.
 *
 * @param provider what was named
 * @param config of the provider's {@link Provider#configType()}
 * @param <T> what is chosen
 */
public record Choice<T>(Provider<? extends T, ?> provider, Record config) {
  public Choice {
    if (!provider.configType().isInstance(config)) {
      throw new IllegalArgumentException(
          provider.name() + " takes " + provider.configType() + ", not " + config.getClass());
    }
  }

  public String name() {
    return provider.name();
  }

  /** A new instance from the configuration. */
  public T create() {
    return create(provider);
  }

  private <U extends T, C extends Record> U create(Provider<U, C> typed) {
    return typed.create(typed.configType().cast(config));
  }
}
