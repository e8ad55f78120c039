// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import dev.tributary.fl.model.ModelConfig;
import java.util.Optional;

/**
 * An adapter that was trained.
 *
 * @param model that it belongs to
 * @param state all trained tensors of the method
 * @param encoding computes what an encoder makes of them
 */
public record Trained(
    AdapterMethod method, ModelConfig model, NamedTensors state, Encoding encoding) {
  public Trained {
    method = method.fitting(state);
  }

  /** What an engine does with an encoder. */
  @FunctionalInterface
  public interface Encoding {
    /** The encoder's output under its name. */
    NamedTensors encoded(Placement.Encoder encoder, NamedTensors state);
  }

  /** Of a method without an encoder. */
  static Trained of(AdapterMethod method, ModelConfig model, NamedTensors state) {
    return new Trained(
        method,
        model,
        state,
        (encoder, tensors) -> {
          throw new IllegalArgumentException("No engine computes " + encoder.script() + " here");
        });
  }

  Optional<Placement.Encoder> encoder() {
    return method.placement(model).encoder();
  }

  /** What enters the model, and what a file holds. */
  NamedTensors entering() {
    return encoder().map(e -> encoding.encoded(e, state)).orElse(state);
  }
}
