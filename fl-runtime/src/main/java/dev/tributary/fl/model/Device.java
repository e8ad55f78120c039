// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.io.Serializable;

/**
 * Where a model computes.
 *
 * @param kind of processor
 * @param index of the device among those of its kind, from 0; 0 for the CPU
 */
public record Device(Kind kind, int index) implements Serializable {
  /** Kinds of processors. */
  public enum Kind {
    CPU,
    GPU
  }

  public static Device cpu() {
    return new Device(Kind.CPU, 0);
  }

  public static Device gpu(int index) {
    return new Device(Kind.GPU, index);
  }

  @Override
  public String toString() {
    return kind == Kind.CPU ? "cpu" : "gpu:" + index;
  }
}
