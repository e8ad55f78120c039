// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.config;

import java.io.Serializable;

/**
 * Something that an experiment file chooses by name, e.g. {@code algorithm: {name: fedavg}}.
 *
 * <p>Each kind of thing has an interface that extends this one, with the type {@code T} fixed, e.g.
 * {@code FederatedAlgorithm.Provider}. Implementations have a public constructor without arguments
 * and a line in {@code META-INF/services/}; those of users' jars count like our own. Providers hold
 * no state, and their configurations are serialisable records: choices travel to executors.
 *
 * @param <T> what is chosen
 * @param <C> its configuration; a record without components where there is nothing to configure
 */
public interface Provider<T, C extends Record> extends Serializable {
  /** The name in the experiment file: lower case, words joined by hyphens. */
  String name();

  /** The record that the other keys of the group fill. */
  Class<C> configType();

  T create(C config);
}
