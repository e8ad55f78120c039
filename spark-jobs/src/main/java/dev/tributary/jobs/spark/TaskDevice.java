// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Device;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** Which device a task computes on: the GPU that Spark's scheduler gave it, else the CPU. */
final class TaskDevice {
  private TaskDevice() {}

  /** The device of the task that runs on this thread; the CPU where none does, as on the driver. */
  static Device ofThisTask() {
    TaskContext task = TaskContext.get();
    if (task == null || !task.resourcesJMap().containsKey("gpu")) {
      return Device.cpu();
    }
    ResourceInformation gpu = task.resourcesJMap().get("gpu");
    return of(gpu.addresses());
  }

  static Device of(String[] addresses) {
    if (addresses.length == 0) {
      return Device.cpu();
    }
    try {
      return Device.gpu(Integer.parseInt(addresses[0]));
    } catch (NumberFormatException e) {
      throw new InputException(
          "Cannot use GPU '"
              + addresses[0]
              + "': the discovery script must give device indices, e.g. 0",
          e);
    }
  }
}
