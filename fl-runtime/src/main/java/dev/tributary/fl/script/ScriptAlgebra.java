// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.tributary.fl.aggregation.LowRank;
import dev.tributary.fl.aggregation.LowRankAlgebra;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** By libtorch's LAPACK, on the CPU. */
final class ScriptAlgebra implements LowRankAlgebra {
  private final NDManager manager;
  private final PtSymbolBlock script;

  /** Not in use; each of as many bytes as some call needed. */
  private final Queue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();

  ScriptAlgebra() {
    EngineThread.enter();
    manager = ScriptModel.newManager(ai.djl.Device.cpu());
    script = ScriptModel.compile(ScriptSource.aggregation(), manager, List.of());
  }

  /**
   * One call, and the memory that its factors lie in: arrays that DJL makes of Java's numbers would
   * each have memory of its own, outside the heap, until the garbage collector runs.
   */
  private final class Call implements AutoCloseable {
    // bits must not depend on how many cores there are
    private final Arguments arguments = new Arguments(script, manager, 1);
    private final ByteBuffer buffer;

    Call(long numbers) {
      int bytes = Math.toIntExact(Math.multiplyExact(numbers, Double.BYTES));
      ByteBuffer free = buffers.poll();
      buffer =
          free == null || free.capacity() < bytes
              ? ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())
              : free;
      buffer.clear();
    }

    NDArray array(double[] values, int rows, int columns) {
      int bytes = values.length * Double.BYTES;
      ByteBuffer part = buffer.slice(buffer.position(), bytes).order(ByteOrder.nativeOrder());
      part.asDoubleBuffer().put(values);
      buffer.position(buffer.position() + bytes);
      return arguments.device().create(part, new Shape(rows, columns), DataType.FLOAT64);
    }

    NDArray b(LowRank update) {
      NDArray b = array(update.b(), update.outputs(), update.rank());
      b.setName("b[]");
      return b;
    }

    NDArray a(LowRank update) {
      NDArray a = array(update.a(), update.rank(), update.inputs());
      a.setName("a[]");
      return a;
    }

    @Override
    public void close() {
      arguments.close();
      buffers.add(buffer);
    }
  }

  private static long numbers(LowRank update) {
    return (long) update.b().length + update.a().length;
  }

  @Override
  public Truncated truncated(LowRank update, int rank) {
    if (update.rank() == 0) {
      return new Truncated(update, new double[0]);
    }
    try (Call call = new Call(numbers(update))) {
      call.arguments.numbers((double) rank);
      call.arguments.list(List.of(call.b(update))).list(List.of(call.a(update)));
      NDList found = call.arguments.callForAll("truncated");
      NDArray b = found.get(0);
      return new Truncated(
          new LowRank(
              update.outputs(),
              Math.toIntExact(b.getShape().get(1)),
              update.inputs(),
              b.toDoubleArray(),
              found.get(1).toDoubleArray()),
          found.get(2).toDoubleArray());
    }
  }

  @Override
  public double[][] products(List<LowRank> updates) {
    int count = updates.size();
    double[][] table = new double[count][count];
    List<LowRank> some = updates.stream().filter(update -> update.rank() > 0).toList();
    if (some.isEmpty()) {
      return table;
    }
    long[] owners = new long[some.stream().mapToInt(LowRank::rank).sum()];
    int at = 0;
    for (int i = 0; i < count; i++) {
      for (int r = 0; r < updates.get(i).rank(); r++) {
        owners[at++] = i;
      }
    }
    try (Call call = new Call(some.stream().mapToLong(ScriptAlgebra::numbers).sum())) {
      call.arguments.numbers((double) count).tensor(owners, new Shape(owners.length));
      call.arguments.list(some.stream().map(call::b).toList());
      call.arguments.list(some.stream().map(call::a).toList());
      double[] found = call.arguments.call("products").toDoubleArray();
      for (int i = 0; i < count; i++) {
        System.arraycopy(found, i * count, table[i], 0, count);
      }
      return table;
    }
  }

  @Override
  public double[] ridge(double[] m, double[] g, int size, double weight) {
    try (Call call = new Call((long) m.length + g.length)) {
      call.arguments.numbers(weight);
      NDArray left = call.array(m, m.length / size, size);
      NDArray right = call.array(g, size, size);
      left.setName("m[]");
      right.setName("g[]");
      return call.arguments.list(List.of(left)).list(List.of(right)).call("ridge").toDoubleArray();
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
