// SPDX-License-Identifier: Apache-2.0

/** Texts that a model writes, from texts. */
@NullMarked
package dev.tributary.fl.generation;

import org.jspecify.annotations.NullMarked;
