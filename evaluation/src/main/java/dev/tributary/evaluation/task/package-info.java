// SPDX-License-Identifier: Apache-2.0
/**
 * The tasks, one class each: its protocol, where that comes from, and its judge. A further one is a
 * class here, a line in {@code META-INF/services} and a test.
 */
@NullMarked
package dev.tributary.evaluation.task;

import org.jspecify.annotations.NullMarked;
