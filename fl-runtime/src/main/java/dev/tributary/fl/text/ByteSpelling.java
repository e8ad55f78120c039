// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

/**
 * GPT-2's spelling of bytes as printable characters, so that tokens are text: printable bytes of
 * Latin-1 stand for themselves, the others for the characters from U+0100 on.
 */
final class ByteSpelling {
  private static final char[] CHARACTERS = characters();

  private ByteSpelling() {}

  private static char[] characters() {
    char[] characters = new char[256];
    char next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      characters[b] = printable ? (char) b : next++;
    }
    return characters;
  }

  static String of(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      text.append(CHARACTERS[b & 0xff]);
    }
    return text.toString();
  }
}
