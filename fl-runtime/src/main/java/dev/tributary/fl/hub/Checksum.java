// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/**
 * What a hub says of a file's content, in its {@code ETag}: SHA-256 of a large file, and of a small
 * one the SHA-1 that Git knows it by.
 *
 * @param hex 64 or 40 hexadecimal digits; the blob's name in the cache
 */
record Checksum(String hex) {
  private static final int SHA256_DIGITS = 64;

  /**
   * Takes it out of a header.
   *
   * @return empty if the tag is no hash of the content
   */
  static Optional<Checksum> ofTag(String tag) {
    String hex = tag.strip().replaceFirst("^W/", "").replace("\"", "").toLowerCase(Locale.ROOT);
    return hex.matches("[0-9a-f]{64}|[0-9a-f]{40}")
        ? Optional.of(new Checksum(hex))
        : Optional.empty();
  }

  /** The same hash of a file's content, as it is on disk. */
  String of(Path file) throws IOException {
    MessageDigest digest = digest();
    if (hex.length() < SHA256_DIGITS) {
      digest.update(("blob " + Files.size(file) + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] piece = new byte[1 << 20];
      for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
        digest.update(piece, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private MessageDigest digest() {
    try {
      return MessageDigest.getInstance(hex.length() < SHA256_DIGITS ? "SHA-1" : "SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1 and SHA-256", e);
    }
  }
}
