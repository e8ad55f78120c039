// SPDX-License-Identifier: Apache-2.0
/**
 * The run's memory: one entry a round, committed by an atomic rename.
 *
 * <p>Read {@link dev.tributary.fl.ledger.Ledger} (what lies on disk), then {@link
 * dev.tributary.fl.ledger.LedgerEntry} (what tables are made of). {@link
 * dev.tributary.fl.ledger.Store} is the file system below it.
 */
@NullMarked
package dev.tributary.fl.ledger;

import org.jspecify.annotations.NullMarked;
