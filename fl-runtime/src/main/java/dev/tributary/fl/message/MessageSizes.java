// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import java.io.Serializable;

/**
 * Bytes of a message, before and after what its numbers went through.
 *
 * @param values its numbers in float32
 * @param format name of their number format
 * @param formatted in that format
 * @param compression name of the compression; empty for none
 * @param compressed after it
 * @param kept what a client keeps for itself, which is not in the others
 * @param whole the message, with its header and what is kept
 */
public record MessageSizes(
    long values,
    String format,
    long formatted,
    String compression,
    long compressed,
    long kept,
    long whole)
    implements Serializable {}
