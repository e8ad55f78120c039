// SPDX-License-Identifier: Apache-2.0
/** The run's memory: one entry a round, committed by an atomic rename. */
@NullMarked
package dev.tributary.fl.ledger;

import org.jspecify.annotations.NullMarked;
