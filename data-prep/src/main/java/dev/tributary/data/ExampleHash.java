// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.fl.text.InstructionExample;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * The hash of an example's mapped fields: the first 128 bits of SHA-256 of instruction, input,
 * output and category, each with its length in front. Holds the last one computed; for one thread.
 */
final class ExampleHash {
  private final MessageDigest sha256 = FileSource.sha256Digest();
  private final ByteBuffer length = ByteBuffer.allocate(Integer.BYTES);
  private long high;
  private long low;

  ExampleHash of(InstructionExample example) {
    add(example.instruction());
    add(example.input());
    add(example.output());
    add(example.category());
    ByteBuffer digest = ByteBuffer.wrap(sha256.digest());
    high = digest.getLong();
    low = digest.getLong();
    return this;
  }

  long high() {
    return high;
  }

  long low() {
    return low;
  }

  /** The identity of the occurrence-th example with this hash, counted from 0. */
  String id(int occurrence) {
    return id(high, low, occurrence);
  }

  static String id(long high, long low, int occurrence) {
    return hex(high) + hex(low) + "-" + occurrence;
  }

  /** The first half of the hash in an id. */
  static long high(String id) {
    return Long.parseUnsignedLong(id, 0, 16, 16);
  }

  /** The second half of the hash in an id. */
  static long low(String id) {
    return Long.parseUnsignedLong(id, 16, 32, 16);
  }

  /** The number behind the hash in an id. */
  static int occurrence(String id) {
    return Integer.parseInt(id, 33, id.length(), 10);
  }

  private static String hex(long bits) {
    String digits = Long.toHexString(bits);
    return "0".repeat(16 - digits.length()) + digits;
  }

  private void add(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    sha256.update(length.clear().putInt(bytes.length).flip());
    sha256.update(bytes);
  }
}
