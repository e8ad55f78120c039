// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.config.InputException;
import java.io.Serializable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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

  private static final Pattern GPU = Pattern.compile("gpu(?::(\\d{1,4}))?");

  /**
   * The device that {@link #toString} names; {@code gpu} is the first.
   *
   * @throws InputException if it is none; whether the machine has it shows when it is used
   */
  public static Device of(String name) {
    if (name.equals("cpu")) {
      return cpu();
    }
    Matcher gpu = GPU.matcher(name);
    if (!gpu.matches()) {
      throw new InputException(
          "device = \"" + name + "\" cannot be used; choose cpu, gpu or, by number, e.g. gpu:1");
    }
    return gpu(gpu.group(1) == null ? 0 : Integer.parseInt(gpu.group(1)));
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
