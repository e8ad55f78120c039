// SPDX-License-Identifier: Apache-2.0
/** Which clients take part in a round, and which of them do not answer. */
@NullMarked
package dev.tributary.fl.sampling;

import org.jspecify.annotations.NullMarked;
