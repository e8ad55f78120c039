// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.config.Faults;
import java.io.Serializable;

/**
 * How a base model is held and computed. Trained tensors, their gradients and optimiser state are
 * float32 in all cases.
 *
 * @param dtype number format of the base in compute
 * @param int8 whether the blocks' linear layers are held as 8-bit integers, each output's with a
 *     scale of its own, and widened to {@code dtype} when they are used
 * @param recomputeEvery of so many blocks only the first one's input is kept for the backward pass,
 *     and what lies between is computed again; 0 keeps everything
 * @param devices that one client computes on, at least 1
 * @param acrossDevices what several devices share
 * @param offload whether the blocks stay in the host's memory, from where a device gets one at a
 *     time
 */
public record Computation(
    DType dtype,
    boolean int8,
    int recomputeEvery,
    int devices,
    AcrossDevices acrossDevices,
    boolean offload)
    implements Serializable {
  /** What several devices share. */
  public enum AcrossDevices {
    /** Each has the whole base, and takes some of a batch's examples. */
    DATA,
    /** Each has some of the blocks. */
    LAYERS
  }

  public Computation {
    new Faults()
        .check(
            recomputeEvery >= 0,
            "recompute-every",
            recomputeEvery,
            "give a number of blocks, e.g. 1, or 0 to keep everything")
        .check(devices >= 1, "devices", devices, "give 1 or more")
        .check(
            !offload || devices == 1,
            "offload",
            offload,
            "it goes with one device; several have room for the base between them (across-devices:"
                + " layers)")
        .throwIfAny();
  }

  /** Held as it is computed, on one device. */
  public static Computation in(DType dtype) {
    return new Computation(dtype, false, 0, 1, AcrossDevices.DATA, false);
  }

  /**
   * As {@code recomputeEvery}, where weights that are made or fetched for a block must not stay.
   */
  public int recomputeByAutograd() {
    return int8 || offload ? Math.max(1, recomputeEvery) : recomputeEvery;
  }

  public boolean spreads() {
    return devices > 1 && acrossDevices == AcrossDevices.LAYERS;
  }

  public boolean splitsBatches() {
    return devices > 1 && acrossDevices == AcrossDevices.DATA;
  }
}
