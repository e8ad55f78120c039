// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.adapter.NamedTensors;

/**
 * One client's trained tensors, their gradients and optimiser state, in native memory. Used by one
 * thread at a time. A training step is: {@link #addGradients} for each micro-batch, hooks that read
 * or change gradients, {@link #update}.
 */
public interface TrainedWeights extends AutoCloseable {
  /**
   * Adds to the gradients those of {@code weight} times the sum over the batch's labels of the
   * negative log-likelihood. A weight of 1 / labels gives the mean loss of transformers;
   * micro-batches with the whole batch's label count add up to exactly the large batch.
   *
   * @param dropoutSeed decides the dropout masks of this micro-batch; unused where dropout is 0
   * @return the sum (not weighted) of the negative log-likelihoods, natural logarithm
   */
  double addGradients(PackedBatch batch, double weight, long dropoutSeed);

  /**
   * To be called where gradients are not finite: whether the base's number format may be the cause,
   * so that the step can be left out. Gradients are then cleared, and those of later steps are
   * computed at half the size before they are brought back to theirs. Only a float16 base, whose
   * largest number is 65504, can be helped so.
   */
  default boolean backOff() {
    return false;
  }

  /** Positions that the adapter takes in front of every text. */
  default int virtualTokens() {
    return 0;
  }

  /**
   * Holds numbers as they are from now on: their gradients are zero, and tensors of which none is
   * trained are left out of updates, weight decay included.
   *
   * @param trained 1 where a number is trained and 0 where it is held, in the shape of its tensor;
   *     tensors that are not named are trained
   */
  void hold(NamedTensors trained);

  /** L2 norm over all gradients together; not finite if any gradient is not. */
  double gradientNorm();

  /** Multiplies all gradients. */
  void scaleGradients(double factor);

  /**
   * Adds {@code factor * addend} to the gradients: noise, a correction.
   *
   * @param addend tensors of the same names and shapes
   */
  void addToGradients(double factor, NamedTensors addend);

  /**
   * Adds {@code factor * (weight - reference)} to each gradient, the gradient of a proximal term.
   *
   * @param reference tensors of the same names and shapes
   */
  void addDifferenceToGradients(double factor, NamedTensors reference);

  /** Applies an optimiser's step number {@code step}, counted from 1, and clears the gradients. */
  void update(OptimizerRule rule, double learningRate, long step);

  /** Sets all gradients to zero without a step. */
  void clearGradients();

  /** The trained tensors as they are now, copied. */
  NamedTensors state();

  /** The gradients as they are now, copied, by the names of the trained tensors. */
  NamedTensors gradients();

  /**
   * The optimiser's state, copied; empty before the first step. Names are the trained tensors' with
   * torch.optim's behind: {@code .exp_avg} and {@code .exp_avg_sq}, or {@code .momentum_buffer}.
   */
  NamedTensors optimizerState();

  /**
   * Puts back what {@link #optimizerState} gave; an empty one starts anew.
   *
   * @throws IllegalArgumentException if it is not the state of these tensors
   */
  void restoreOptimizerState(NamedTensors state);

  @Override
  void close();
}
