// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

/** Checks of how many bytes there are. */
final class Lengths {
  private Lengths() {}

  static void require(long bytes, long wanted, Object shape) {
    if (bytes != wanted) {
      throw new IllegalArgumentException(bytes + " bytes for shape " + shape);
    }
  }

  static void require(byte[] bytes, long wanted) {
    if (bytes.length != wanted) {
      throw new IllegalArgumentException(bytes.length + " bytes where " + wanted + " are due");
    }
  }
}
