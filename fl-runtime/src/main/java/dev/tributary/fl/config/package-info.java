// SPDX-License-Identifier: Apache-2.0
/**
 * What an experiment file may say, independent of YAML: faults, defaults, and things chosen by
 * name.
 *
 * <p>A configuration is a record whose constructor is its one gate; it throws {@link
 * ConfigException} with every fault it finds. Things that users may add (algorithms, splitters,
 * tasks ...) are found by name through {@link Provider} and {@link Choice}.
 */
@NullMarked
package dev.tributary.fl.config;

import org.jspecify.annotations.NullMarked;
