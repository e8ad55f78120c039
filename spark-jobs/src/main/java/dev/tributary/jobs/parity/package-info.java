// SPDX-License-Identifier: Apache-2.0
/**
 * Comparison with recorded outputs of the reference implementation: the command {@code parity}.
 *
 * <p>Read {@link dev.tributary.jobs.parity.Parity}; each kind of folder is a {@code ParityCase}.
 */
@NullMarked
package dev.tributary.jobs.parity;

import org.jspecify.annotations.NullMarked;
