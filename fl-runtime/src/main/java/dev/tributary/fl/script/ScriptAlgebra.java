// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.tributary.fl.aggregation.LowRank;
import dev.tributary.fl.aggregation.LowRankAlgebra;
import java.util.List;

/** By libtorch's LAPACK, on the CPU. */
final class ScriptAlgebra implements LowRankAlgebra {
  private final NDManager manager;
  private final PtSymbolBlock script;

  ScriptAlgebra() {
    EngineThread.enter();
    manager = ScriptModel.newManager(ai.djl.Device.cpu());
    script = ScriptModel.compile(ScriptSource.aggregation(), manager, List.of());
  }

  private Arguments arguments() {
    return new Arguments(script, manager, 1); // bits must not depend on how many cores there are
  }

  private static Arguments enter(Arguments call, LowRank update) {
    return call.tensor(update.b(), new Shape(update.outputs(), update.rank()))
        .tensor(update.a(), new Shape(update.rank(), update.inputs()));
  }

  @Override
  public Truncated truncated(LowRank update, int rank) {
    if (update.rank() == 0) {
      return new Truncated(update, new double[0]);
    }
    try (Arguments call = arguments()) {
      NDList found = enter(call.numbers((double) rank), update).callForAll("truncated");
      NDArray b = found.get(0);
      int left = Math.toIntExact(b.getShape().get(1));
      return new Truncated(
          new LowRank(
              update.outputs(),
              left,
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
    LowRank all = LowRank.sum(updates);
    if (all.rank() == 0) {
      return table;
    }
    long[] owners = new long[all.rank()];
    int at = 0;
    for (int i = 0; i < count; i++) {
      for (int r = 0; r < updates.get(i).rank(); r++) {
        owners[at++] = i;
      }
    }
    try (Arguments call = arguments()) {
      call.numbers((double) count).tensor(owners, new Shape(owners.length));
      double[] found = enter(call, all).call("products").toDoubleArray();
      for (int i = 0; i < count; i++) {
        System.arraycopy(found, i * count, table[i], 0, count);
      }
      return table;
    }
  }

  @Override
  public double[] ridge(double[] m, double[] g, int size, double weight) {
    try (Arguments call = arguments()) {
      return call.numbers(weight)
          .tensor(m, new Shape(m.length / size, size))
          .tensor(g, new Shape(size, size))
          .call("ridge")
          .toDoubleArray();
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
