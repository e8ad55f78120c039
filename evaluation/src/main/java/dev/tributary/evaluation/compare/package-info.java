// SPDX-License-Identifier: Apache-2.0
/** Differences between runs that answered the same questions. */
@NullMarked
package dev.tributary.evaluation.compare;

import org.jspecify.annotations.NullMarked;
