// SPDX-License-Identifier: Apache-2.0
/** Tests of functions that a model has written, in several languages. */
@NullMarked
package dev.tributary.evaluation.code;

import org.jspecify.annotations.NullMarked;
