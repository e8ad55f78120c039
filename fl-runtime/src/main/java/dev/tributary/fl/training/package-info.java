// SPDX-License-Identifier: Apache-2.0
/** Local training of one client: batches, schedules, clipping, hooks. */
@NullMarked
package dev.tributary.fl.training;

import org.jspecify.annotations.NullMarked;
