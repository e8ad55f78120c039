// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.adapter.AdapterMethod;
import dev.tributary.fl.adapter.NamedTensors;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.SafetensorsWriter;
import java.io.Serializable;

/** An adapter that travels to executors, its tensors as a file's bytes. */
record Adapter(AdapterMethod method, byte[] state) implements Serializable {
  static Adapter of(AdapterMethod method, NamedTensors state) {
    return new Adapter(method, new SafetensorsWriter().add(state).toBytes());
  }

  NamedTensors tensors() {
    return SafetensorsFile.of(state, "the adapter sent by the driver").tensors();
  }
}
