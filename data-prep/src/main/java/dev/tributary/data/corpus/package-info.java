// SPDX-License-Identifier: Apache-2.0
/**
 * The corpora that {@code data.corpus} can name. Another one is a class like {@link
 * dev.tributary.data.corpus.Dolly} and a line in {@code META-INF/services}.
 */
@NullMarked
package dev.tributary.data.corpus;

import org.jspecify.annotations.NullMarked;
