// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.testing;

import dev.tributary.fl.model.Device;

/** Where the engine's tests compute: {@code -Dtributary.device=gpu}, else the CPU. */
public final class TestDevice {
  private TestDevice() {}

  /** The device under test. */
  public static Device chosen() {
    return Device.of(System.getProperty("tributary.device", "cpu"));
  }
}
