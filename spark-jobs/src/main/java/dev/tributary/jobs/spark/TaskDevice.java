// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Device;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** Which devices a task computes on: the GPUs that Spark's scheduler gave it, else the CPU. */
final class TaskDevice {
  private TaskDevice() {}

  /**
   * The devices of the task that runs on this thread; the CPU, as often as asked for, where it has
   * no GPU, as on the driver.
   *
   * @param count that {@code model.devices} asks for
   * @throws InputException if the task was given GPUs, but fewer
   */
  static List<Device> ofThisTask(int count) {
    TaskContext task = TaskContext.get();
    if (task == null || !task.resourcesJMap().containsKey("gpu")) {
      return of(new String[0], count);
    }
    ResourceInformation gpu = task.resourcesJMap().get("gpu");
    return of(gpu.addresses(), count);
  }

  static List<Device> of(String[] addresses, int count) {
    if (addresses.length == 0) {
      return Collections.nCopies(count, Device.cpu());
    }
    if (addresses.length < count) {
      throw new InputException(
          "Cannot compute on "
              + count
              + " GPUs: a task has "
              + addresses.length
              + " here; raise spark.task.resource.gpu.amount, or lower model.devices");
    }
    return Arrays.stream(addresses).limit(count).map(TaskDevice::of).toList();
  }

  private static Device of(String address) {
    try {
      return Device.gpu(Integer.parseInt(address));
    } catch (NumberFormatException e) {
      throw new InputException(
          "Cannot use GPU '" + address + "': the discovery script must give device indices, e.g. 0",
          e);
    }
  }
}
