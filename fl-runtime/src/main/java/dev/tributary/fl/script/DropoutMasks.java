// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.tributary.fl.seed.Seed;
import java.nio.ByteBuffer;

/**
 * Which inputs of an adapter dropout cuts off: a function of seed, layer, row and column alone, so
 * the same on every thread and in every attempt.
 *
 * <p>A counter-based generator: the mixing function of SplittableRandom (Stafford's variant 13) on
 * multiples of the golden ratio, four entries of 16 bits each from one number. The probability is
 * therefore a multiple of 1/65536, and {@link #keepScale} belongs to that one.
 *
 * <p>Masks live in one buffer that is reused: those of a step are valid until the next step's.
 */
final class DropoutMasks {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;
  private static final int PIECE = 1 << 16;

  private final int threshold;
  private final byte[] piece = new byte[PIECE];
  private ByteBuffer memory = ByteBuffer.allocateDirect(0);

  DropoutMasks(double probability) {
    threshold = (int) Math.min(65535, Math.round(probability * 65536));
  }

  boolean active() {
    return threshold > 0;
  }

  /** What kept inputs are multiplied by, so that the expected sum stays. */
  double keepScale() {
    return 65536.0 / (65536 - threshold);
  }

  /** Makes room for a step's masks, of so many entries together. */
  void begin(long entries) {
    if (entries > memory.capacity()) {
      memory = ByteBuffer.allocateDirect(Math.toIntExact(entries));
    }
    memory.clear();
  }

  /**
   * The next mask of the step, (rows, columns).
   *
   * @param seed of the step
   * @param layer name of the adapted layer; each has a mask of its own
   */
  NDArray next(Seed seed, String layer, int rows, int columns, NDManager owner) {
    int entries = Math.multiplyExact(rows, columns);
    long key = seed.child(layer).value();
    ByteBuffer mask = memory.slice(memory.position(), entries);
    for (int first = 0; first < entries; first += PIECE) {
      int count = Math.min(PIECE, entries - first);
      fill(key, first / 4, count);
      memory.put(piece, 0, count);
    }
    NDArray array = owner.create(mask, new Shape(rows, columns), DataType.BOOLEAN);
    array.setName("dropped[]");
    return array;
  }

  /** Entries {@code 4 * counter} and following of a mask. */
  private void fill(long key, int counter, int count) {
    int block = counter;
    for (int i = 0; i < count; i += 4) {
      long bits = mixed(key + GOLDEN * block++);
      piece[i] = (byte) ((int) (bits & 0xffff) < threshold ? 1 : 0);
      piece[i + 1] = (byte) ((int) (bits >>> 16 & 0xffff) < threshold ? 1 : 0);
      piece[i + 2] = (byte) ((int) (bits >>> 32 & 0xffff) < threshold ? 1 : 0);
      piece[i + 3] = (byte) ((int) (bits >>> 48) < threshold ? 1 : 0);
    }
  }

  private static long mixed(long number) {
    long z = number;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
