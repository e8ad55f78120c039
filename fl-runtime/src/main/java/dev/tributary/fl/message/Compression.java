// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

/** Fewer bytes without loss. */
public non-sealed interface Compression extends MessageOperator {
  byte[] compress(byte[] bytes);

  /**
   * Reads no more than it should give, whatever the input claims.
   *
   * @param length bytes that there must be
   * @throws IllegalArgumentException if it is damaged or gives another number of bytes
   */
  byte[] restore(byte[] compressed, int length);
}
