// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

import dev.tributary.fl.adapter.NamedTensors;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Hashes in lower-case hexadecimal. */
public final class Sha256 {
  private Sha256() {}

  public static String of(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  /** Over name, shape and values of each tensor, in order; two states are equal if these are. */
  public static String of(NamedTensors tensors) {
    MessageDigest digest = digest();
    tensors
        .byName()
        .forEach(
            (name, tensor) -> {
              digest.update((name + tensor.shape()).getBytes(StandardCharsets.UTF_8));
              ByteBuffer values =
                  ByteBuffer.allocate(Math.multiplyExact(tensor.values().length, Float.BYTES))
                      .order(ByteOrder.LITTLE_ENDIAN);
              values.asFloatBuffer().put(tensor.values());
              digest.update(values);
            });
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
