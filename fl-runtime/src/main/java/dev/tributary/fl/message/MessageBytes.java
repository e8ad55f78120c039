// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;

/** Where a message lies: in memory, or in a file of which only pieces are read. */
public interface MessageBytes {
  long size() throws IOException;

  /**
   * @return exactly {@code length} bytes
   * @throws EOFException if there are fewer
   */
  byte[] read(long offset, int length) throws IOException;

  /** A message in memory. */
  static MessageBytes of(byte[] bytes) {
    return new MessageBytes() {
      @Override
      public long size() {
        return bytes.length;
      }

      @Override
      public byte[] read(long offset, int length) throws IOException {
        if (offset + length > bytes.length) {
          throw new EOFException("ends at byte " + bytes.length);
        }
        return Arrays.copyOfRange(bytes, (int) offset, (int) offset + length);
      }
    };
  }
}
