// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.engine.Engine;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.adapter.Placement;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.DType;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.model.TrainedWeights;

/**
 * The engine's door: models whose TorchScript source libtorch compiles and runs.
 *
 * <p>The first use loads libtorch into the JVM, and unpacks it to {@code ~/.djl.ai} (or {@code
 * ENGINE_CACHE_DIR}) if it is not there yet.
 */
public final class TorchScript {
  private TorchScript() {}

  /**
   * Loads a checkpoint's weights once into this JVM. Parameters stored in {@code dtype} stay mapped
   * from their files, so processes on one host share them; others are copied.
   *
   * @param dtype of the base in compute, float32 or bfloat16; trained tensors are float32 anyway
   * @throws InputException if the dtype is not computed or the device not there
   */
  public static CausalLm load(Checkpoint checkpoint, DType dtype, Device device) {
    return ScriptModel.load(checkpoint, ComputeType.of(dtype), checked(device));
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

  private static ai.djl.Device checked(Device device) {
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
              + " one");
    }
    return ai.djl.Device.gpu(device.index());
  }
}
