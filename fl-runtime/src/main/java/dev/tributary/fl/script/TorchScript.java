// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.engine.Engine;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.aggregation.LowRankAlgebra;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.TrainedWeights;
import java.util.List;

/**
 * The engine's door: models whose TorchScript source libtorch compiles and runs.
 *
 * <p>The first use loads libtorch into the JVM, and unpacks it to {@code ~/.djl.ai} (or {@code
 * ENGINE_CACHE_DIR}) if it is not there yet.
 */
public final class TorchScript {
  private TorchScript() {}

  /**
   * Loads a checkpoint's weights once into this JVM. Parameters stored in the dtype that they are
   * computed in stay mapped from their files, so processes on one host share them; others are
   * copied.
   *
   * @param devices as many as the computation asks for; trained tensors are on the first
   * @throws InputException if a device is not there
   */
  public static CausalLm load(
      Checkpoint checkpoint, Computation computation, List<Device> devices) {
    if (devices.size() != computation.devices()) {
      throw new InputException(
          "model.devices is "
              + computation.devices()
              + ", but a client has "
              + devices
              + " here; give Spark's tasks as many (spark.task.resource.gpu.amount), or change the"
              + " key");
    }
    List<ai.djl.Device> all = devices.stream().map(TorchScript::checked).toList();
    if (computation.splitsBatches()) {
      return SplitModel.load(checkpoint, computation, all);
    }
    return ScriptModel.load(checkpoint, computation, all);
  }

  /** As the other, held as it is computed, on one device. */
  public static CausalLm load(Checkpoint checkpoint, DType dtype, Device device) {
    return load(checkpoint, Computation.in(dtype), List.of(device));
  }

  /**
   * Trained tensors without a model: for optimisers' arithmetic alone, with gradients given by
   * {@link TrainedWeights#addToGradients}.
   *
   * @return owned by the caller; has no gradients of its own
   */
  public static TrainedWeights tensors(NamedTensors state, Device device) {
    return ScriptModel.withoutModel(state, checked(device));
  }

  /** Linear algebra for servers; owned by the caller. */
  public static LowRankAlgebra lowRankAlgebra() {
    return new ScriptAlgebra();
  }

  /**
   * The tensor that an adapter's encoder makes of its trained ones.
   *
   * @param state that holds them
   */
  public static NamedTensors encoded(Placement.Encoder encoder, NamedTensors state) {
    return ScriptModel.encoded(encoder, state);
  }

  /**
   * Intra-op threads of every computing thread of this process, from its next call on. Results
   * differ in the last digits from one number of threads to another.
   *
   * @param threads at least 1
   */
  public static void setThreads(int threads) {
    EngineThread.setThreads(threads);
  }

  static ai.djl.Device checked(Device device) {
    if (device.kind() == Device.Kind.CPU) {
      return ai.djl.Device.cpu();
    }
    int gpus = Engine.getEngine(EngineThread.ENGINE).getGpuCount();
    if (device.index() < 0 || device.index() >= gpus) {
      throw new InputException(
          "Cannot compute on "
              + device
              + ": libtorch finds "
              + (gpus == 0 ? "no GPU here" : "only gpu:0 to gpu:" + (gpus - 1))
              + "; choose cpu, or put pytorch-native-cu128 on the class path of a machine that has"
              + " one, and CUDA's libcudart.so on its LD_LIBRARY_PATH");
    }
    return ai.djl.Device.gpu(device.index());
  }
}
