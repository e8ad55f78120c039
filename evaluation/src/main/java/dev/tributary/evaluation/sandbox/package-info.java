// SPDX-License-Identifier: Apache-2.0
/**
 * Runs programs that a model has written, so that they harm neither this machine nor each other.
 */
@NullMarked
package dev.tributary.evaluation.sandbox;

import org.jspecify.annotations.NullMarked;
