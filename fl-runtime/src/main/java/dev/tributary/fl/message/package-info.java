// SPDX-License-Identifier: Apache-2.0
/** What crosses the wire: one self-describing, checksummed format for tensors. */
@NullMarked
package dev.tributary.fl.message;

import org.jspecify.annotations.NullMarked;
