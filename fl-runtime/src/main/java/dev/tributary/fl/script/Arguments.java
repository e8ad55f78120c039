// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import java.util.Collection;
import java.util.List;

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

  /**
   * @param threads that this call computes with, whatever the process is set to
   */
  Arguments(PtSymbolBlock block, NDManager owner, int threads) {
    this(block, owner);
    EngineThread.enter(threads);
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

  /** Numbers on the model's device; the shape may hold none. */
  Arguments tensor(double[] values, Shape shape) {
    all.add(
        values.length == 0 ? device.zeros(shape, DataType.FLOAT64) : device.create(values, shape));
    return this;
  }

  /**
   * @param narrow whether in float32, as transformers has them
   */
  Arguments table(List<Double> values, boolean narrow) {
    double[] wide = values.stream().mapToDouble(Double::doubleValue).toArray();
    if (!narrow || wide.length == 0) {
      return tensor(wide, new Shape(wide.length));
    }
    float[] floats = new float[wide.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) wide[i];
    }
    return tensor(floats);
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

  /** Numbers that stay on the CPU, as one vector, which may be empty. */
  Arguments vector(long[] values) {
    Shape shape = new Shape(values.length);
    all.add(values.length == 0 ? cpu.zeros(shape, DataType.INT64) : cpu.create(values, shape));
    return this;
  }

  Arguments vector(double[] values) {
    all.add(cpu.create(values, new Shape(values.length)));
    return this;
  }

  Arguments numbers(double... values) {
    all.add(values.length == 1 ? cpu.create(values[0]) : cpu.create(values));
    return this;
  }

  /** Arrays that each carry the same list name; at least one. */
  Arguments list(Collection<NDArray> arrays) {
    all.addAll(arrays);
    return this;
  }

  /** Arrays, or one empty one of that name, which the script takes no notice of. */
  Arguments list(Collection<NDArray> arrays, String name) {
    if (arrays.isEmpty()) {
      NDArray nothing = device.zeros(new Shape(0));
      nothing.setName(name);
      all.add(nothing);
    }
    return list(arrays);
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
