// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.tributary.fl.model.OptimizerRule;
import java.util.List;

/**
 * One vector of parameters in float64 with its optimiser state: the arithmetic that trains in
 * float32, to full precision, so that an optimiser can be told from one that is nearly the same. On
 * the CPU; used by one thread at a time.
 */
public final class Float64Parameter implements AutoCloseable {
  private final NDManager manager;
  private final PtSymbolBlock optimisers;
  private final NDArray values;
  private final NDArray first;
  private final NDArray second;

  public Float64Parameter(double[] start) {
    EngineThread.enter();
    manager = ScriptModel.newManager(ai.djl.Device.cpu());
    optimisers = ScriptModel.compile(ScriptSource.optimisers(), manager, List.of());
    values = manager.create(start);
    first = manager.zeros(new Shape(start.length), DataType.FLOAT64);
    second = manager.zeros(new Shape(start.length), DataType.FLOAT64);
    values.setName("p[]");
    first.setName("first[]");
    second.setName("second[]");
  }

  /**
   * Applies an optimiser's step number {@code step}, counted from 1.
   *
   * @param gradient as many as there are parameters
   * @param rule the same at every step
   * @return the parameters after it, copied
   */
  public double[] update(double[] gradient, OptimizerRule rule, double learningRate, long step) {
    try (Arguments call = new Arguments(optimisers, manager)) {
      NDArray gradients = call.device().create(gradient);
      gradients.setName("g[]");
      if (rule instanceof OptimizerRule.Sgd sgd) {
        call.numbers(
            learningRate,
            sgd.weightDecay(),
            sgd.momentum(),
            sgd.nesterov() ? 1 : 0,
            step == 1 ? 1 : 0);
        call.list(List.of(values)).list(List.of(gradients)).list(List.of(first)).call("sgd_");
      } else {
        call.numbers(adamSettings(rule, learningRate, step));
        call.list(List.of(values)).list(List.of(gradients));
        call.list(List.of(first)).list(List.of(second)).call("adam_");
      }
      return values.toDoubleArray();
    }
  }

  private static double[] adamSettings(OptimizerRule rule, double learningRate, long step) {
    if (rule instanceof OptimizerRule.AdamW w) {
      return new double[] {
        learningRate, w.weightDecay(), w.beta1(), w.beta2(), w.epsilon(), step, 1
      };
    }
    OptimizerRule.Adam adam = (OptimizerRule.Adam) rule;
    return new double[] {
      learningRate, adam.weightDecay(), adam.beta1(), adam.beta2(), adam.epsilon(), step, 0
    };
  }

  @Override
  public void close() {
    manager.close();
  }
}
