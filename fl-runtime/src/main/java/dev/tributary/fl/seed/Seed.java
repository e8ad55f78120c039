// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.seed;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;

/**
 * A seed and the seeds derived from it, by SHA-256 of the path: {@code
 * Seed.of(17).child("round").child(3).child("client").child(12)}.
 *
 * <p>The same path gives the same value in any JVM, thread, task attempt and order of calls; values
 * of different paths are unrelated.
 *
 * @param value 64 uniform bits
 */
public record Seed(long value) implements Serializable {
  public static Seed of(long value) {
    return new Seed(value);
  }

  public Seed child(String name) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    return hashed((byte) 's', ByteBuffer.allocate(text.length).put(text).array());
  }

  public Seed child(long number) {
    return hashed((byte) 'n', ByteBuffer.allocate(Long.BYTES).putLong(number).array());
  }

  /** A generator of its own for this path; not shared, not thread-safe. */
  public SplittableRandom random() {
    return new SplittableRandom(value);
  }

  private Seed hashed(byte kind, byte[] part) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
      sha256.update(kind);
      return new Seed(ByteBuffer.wrap(sha256.digest(part)).getLong());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
