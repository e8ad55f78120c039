// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.tributary.fl.seed.Seed;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * Which inputs of an adapter dropout cuts off: a function of seed, layer, row and column alone, so
 * the same on every thread and in every attempt.
 *
 * <p>A counter-based generator: the mixing function of SplittableRandom (Stafford's variant 13) on
 * multiples of the golden ratio, four entries of 16 bits each from one number. The probability is
 * therefore a multiple of 1/65536, and {@link #keepScale} belongs to that one.
 *
 * <p>Each layer has a piece of native memory for its masks, which is reused from step to step,
 * replaced by a larger one where a batch needs it, and freed with the owner: a mask is valid until
 * the layer's next one.
 */
final class DropoutMasks {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;
  private static final int PIECE = 1 << 16;

  private final int threshold;
  private final NDManager owner;
  private final byte[] piece = new byte[PIECE];
  private final Map<String, Memory> byLayer = new HashMap<>();

  /**
   * @param bytes the array's own, seen from Java; no longer valid once the array is closed
   */
  private record Memory(NDArray array, ByteBuffer bytes) {}

  /**
   * @param owner of the memory; its device may be any
   */
  DropoutMasks(double probability, NDManager owner) {
    this.threshold = (int) Math.min(65535, Math.round(probability * 65536));
    this.owner = owner;
  }

  boolean active() {
    return threshold > 0;
  }

  /** What kept inputs are multiplied by, so that the expected sum stays. */
  double keepScale() {
    return 65536.0 / (65536 - threshold);
  }

  /**
   * A layer's mask in a step, (rows, columns).
   *
   * @param seed of the step
   * @param layer name of the adapted layer; each has a mask of its own
   * @param call owns the array, but not its memory
   */
  NDArray mask(Seed seed, String layer, int rows, int columns, NDManager call) {
    int entries = Math.multiplyExact(rows, columns);
    long key = seed.child(layer).value();
    ByteBuffer mask = memory(layer, entries).slice(0, entries);
    for (int first = 0; first < entries; first += PIECE) {
      int count = Math.min(PIECE, entries - first);
      fill(key, first / 4, count);
      mask.put(first, piece, 0, count);
    }
    NDArray array = call.create(mask, new Shape(rows, columns), DataType.BOOLEAN);
    array.setName("dropped[]");
    return array;
  }

  private ByteBuffer memory(String layer, int entries) {
    Memory known = byLayer.get(layer);
    if (known == null || known.bytes().capacity() < entries) {
      if (known != null) {
        known.array().close();
      }
      // A little more than needed, so that few batches need more. The engine's memory: Java's own
      // direct buffers would be freed whenever its garbage collector comes by.
      long room = Math.min(Integer.MAX_VALUE, entries + entries / 8L);
      NDArray array = owner.create(new Shape(room), DataType.BOOLEAN, ai.djl.Device.cpu());
      known = new Memory(array, array.toByteBuffer(true));
      byLayer.put(layer, known);
    }
    return known.bytes();
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
