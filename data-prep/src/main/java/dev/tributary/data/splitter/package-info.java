// SPDX-License-Identifier: Apache-2.0
/**
 * The splitters that {@code splitter.name} can name. Another one is a class with a configuration
 * record, like {@link dev.tributary.data.splitter.Uniform}, and a line in {@code
 * META-INF/services}.
 */
@NullMarked
package dev.tributary.data.splitter;

import org.jspecify.annotations.NullMarked;
