// SPDX-License-Identifier: Apache-2.0
/** Randomness that comes back: every draw hangs on a path such as (run, round, client, step). */
@NullMarked
package dev.tributary.fl.seed;

import org.jspecify.annotations.NullMarked;
