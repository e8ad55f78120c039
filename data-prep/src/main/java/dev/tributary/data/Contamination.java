// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Collection;
import java.util.HexFormat;
import java.util.stream.LongStream;

/**
 * Which texts contain text of an evaluation benchmark: those that share 13 words in a row with one
 * of its texts, whatever stands between the words. See {@link Words} for what a word is.
 *
 * <p>Brown et al. 2020, <a href="https://arxiv.org/abs/2005.14165">Language Models are Few-Shot
 * Learners</a>, appendix C. Two deviations: they take shorter runs for benchmarks of short texts,
 * where here texts of fewer than 13 words are not looked for, only counted; and they do not count
 * runs that many training texts share.
 *
 * <p>Travels to executors. Does not change; safe for use by several threads.
 */
final class Contamination implements Serializable {
  private static final long serialVersionUID = 1;

  /** Words in a row that two texts do not have in common by chance. */
  static final int WORDS = 13;

  /** Different ones, in ascending order. */
  private final long[] grams;

  /** Where the grams of each leading bits begin, and at last where they end. */
  private final int[] starts;

  private final int shift;
  private final long tooShort;

  private Contamination(long[] grams, long tooShort) {
    this.grams = grams;
    this.tooShort = tooShort;
    int bits = Math.max(1, 32 - Integer.numberOfLeadingZeros(grams.length));
    this.shift = Long.SIZE - bits;
    this.starts = new int[(1 << bits) + 1];
    for (long gram : grams) {
      starts[leading(gram) + 1]++;
    }
    for (int i = 1; i < starts.length; i++) {
      starts[i] += starts[i - 1];
    }
  }

  /**
   * Gets ready to look for a benchmark's texts.
   *
   * @param texts what must not be trained on, e.g. each question; no run of words goes from one to
   *     the next
   */
  static Contamination of(Collection<String> texts) {
    long[] grams =
        texts.stream()
            .flatMapToLong(text -> LongStream.of(Words.grams(Words.of(text), WORDS)))
            .distinct()
            .sorted()
            .toArray();
    long tooShort = texts.stream().filter(text -> Words.of(text).length < WORDS).count();
    return new Contamination(grams, tooShort);
  }

  /** Whether a text contains text of the benchmark. */
  boolean touches(String text) {
    if (text.length() < WORDS) {
      return false;
    }
    for (long gram : Words.grams(Words.of(text), WORDS)) {
      if (contains(gram)) {
        return true;
      }
    }
    return false;
  }

  /** Texts of the benchmark that cannot be looked for, as they have fewer than 13 words. */
  long tooShort() {
    return tooShort;
  }

  /** How many different runs of 13 words are looked for. */
  int grams() {
    return grams.length;
  }

  /**
   * Identity of what is looked for: SHA-256 of the runs' hashes in ascending order, eight bytes
   * each. The same for texts in another order, and for texts that differ in case or punctuation.
   *
   * @return 64 hexadecimal digits
   */
  String sha256() {
    MessageDigest digest = FileSource.sha256Digest();
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
    for (long gram : grams) {
      digest.update(bytes.clear().putLong(gram).flip());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private boolean contains(long gram) {
    int leading = leading(gram);
    int end = starts[leading + 1];
    for (int i = starts[leading]; i < end; i++) {
      if (grams[i] == gram) {
        return true;
      }
    }
    return false;
  }

  /** Hashes are uniform, so that about one gram has the same leading bits. */
  private int leading(long gram) {
    return (int) ((gram ^ Long.MIN_VALUE) >>> shift); // the least number becomes 0
  }
}
