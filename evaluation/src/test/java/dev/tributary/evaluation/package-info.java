// SPDX-License-Identifier: Apache-2.0
/** Tests, and fakes that the tests of tasks share. */
@NullMarked
package dev.tributary.evaluation;

import org.jspecify.annotations.NullMarked;
