// SPDX-License-Identifier: Apache-2.0
/**
 * What crosses the wire: one self-describing, versioned, checksummed format for tensors.
 *
 * <p>Read {@link dev.tributary.fl.message.MessageHeader} (what is said), then {@link
 * dev.tributary.fl.message.Message} (the bytes).
 */
@NullMarked
package dev.tributary.fl.message;

import org.jspecify.annotations.NullMarked;
