// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

/** How rotary frequencies are stretched for texts longer than those of pre-training. */
public sealed interface RopeScaling {
  /** The frequency to use instead of {@code frequency} (radians per position). */
  double scaled(double frequency);

  record None() implements RopeScaling {
    @Override
    public double scaled(double frequency) {
      return frequency;
    }
  }

  /** Position interpolation (Chen et al. 2023): every frequency is divided by {@code factor}. */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double scaled(double frequency) {
      return frequency / factor;
    }
  }

  /**
   * Llama 3.1: low frequencies are divided by {@code factor}, high ones stay, those in between are
   * interpolated.
   */
  record Llama3(
      double factor,
      double lowFrequencyFactor,
      double highFrequencyFactor,
      double originalPositions)
      implements RopeScaling {
    @Override
    public double scaled(double frequency) {
      double wavelength = 2 * Math.PI / frequency; // positions
      if (wavelength > originalPositions / lowFrequencyFactor) {
        return frequency / factor;
      }
      if (wavelength < originalPositions / highFrequencyFactor) {
        return frequency;
      }
      double smooth =
          (originalPositions / wavelength - lowFrequencyFactor)
              / (highFrequencyFactor - lowFrequencyFactor);
      return (1 - smooth) * frequency / factor + smooth * frequency;
    }
  }
}
