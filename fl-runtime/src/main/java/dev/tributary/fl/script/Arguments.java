// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import java.util.Collection;

/**
 * One call of a script's method: arguments in the method's order, then {@link #call}. Owns what is
 * made for the call and its results, in native memory, until it is closed.
 *
 * <p>DJL takes positional arguments by order and joins arrays of one name that ends in {@code []}
 * to a list; other names stand for the method or are refused here.
 */
final class Arguments implements AutoCloseable {
  private final PtSymbolBlock block;
  private final NDManager device;
  private final NDManager cpu;
  private final NDList all = new NDList();

  /**
   * @param owner of the model, whose device the call computes on
   */
  Arguments(PtSymbolBlock block, NDManager owner) {
    this.block = block;
    this.device = owner.newSubManager();
    this.cpu = device.newSubManager(ai.djl.Device.cpu());
    EngineThread.enter();
  }

  Arguments tensor(int[] values) {
    long[] wide = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      wide[i] = values[i];
    }
    all.add(device.create(wide));
    return this;
  }

  Arguments tensor(float[] values) {
    all.add(device.create(values));
    return this;
  }

  Arguments tensor(double[] values) {
    all.add(device.create(values));
    return this;
  }

  Arguments tensor(long[] values, Shape shape) {
    all.add(device.create(values, shape));
    return this;
  }

  /** Integers that the script reads one by one; they stay on the CPU. */
  Arguments numbers(int... values) {
    all.add(cpu.create(values));
    return this;
  }

  Arguments numbers(long[] values, Shape shape) {
    all.add(cpu.create(values, shape));
    return this;
  }

  Arguments numbers(double... values) {
    all.add(values.length == 1 ? cpu.create(values[0]) : cpu.create(values));
    return this;
  }

  /** Arrays that each carry the same list name. */
  Arguments list(Collection<NDArray> arrays) {
    all.addAll(arrays);
    return this;
  }

  /** Where arrays for this call alone are made. */
  NDManager device() {
    return device;
  }

  /**
   * @return owned by this call
   */
  NDArray call(String method) {
    return callForAll(method).get(0);
  }

  /**
   * @return owned by this call
   */
  NDList callForAll(String method) {
    NDArray selector = cpu.create(0L);
    selector.setName("module_method:" + method);
    all.add(selector);
    // Training mode: without it libtorch runs in inference mode, whose results cannot be trained.
    NDList results = IValueUtils.forward(block, all, true);
    results.attach(device);
    return results;
  }

  @Override
  public void close() {
    device.close(); // and with it cpu
  }
}
