// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.Device;
import dev.tributary.fl.script.TorchScript;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The base model of a run, as an executor finds it: under the driver's path, on a file system that
 * both see.
 *
 * @param directory a Hugging Face directory, absolute
 * @param sha256 of its content, as the driver has it ({@link Checkpoint#sha256})
 * @param computation how it is held and computed
 * @param threads computing threads of a client or of a piece of an evaluation; results depend on it
 *     in the last bit
 */
public record BaseModel(String directory, String sha256, Computation computation, int threads)
    implements Serializable {

  public static BaseModel of(Checkpoint checkpoint, Computation computation, int threads) {
    return new BaseModel(
        checkpoint.directory().toAbsolutePath().normalize().toString(),
        checkpoint.sha256(),
        computation,
        threads);
  }

  /** Lends this JVM's copy for the task that runs on the calling thread. */
  public BaseModels.Borrowed borrow() {
    TorchScript.setThreads(threads);
    return BaseModels.OF_THIS_JVM.borrow(this, TaskDevice.ofThisTask(computation.devices()));
  }

  /** Loads the checkpoint if it is the driver's, byte for byte. */
  CausalLm load(List<Device> devices) {
    Path here = Path.of(directory);
    if (!Files.isDirectory(here)) {
      throw new CheckpointException(
          "Cannot load checkpoint "
              + directory
              + " on "
              + host()
              + ": there is no such directory; put the checkpoint on a file system that driver and"
              + " executors see under the same path, or copy it to every machine");
    }
    Checkpoint checkpoint = Checkpoint.open(here);
    if (!checkpoint.sha256().equals(sha256)) {
      throw new CheckpointException(
          "Cannot load checkpoint "
              + directory
              + " on "
              + host()
              + ": its files are not the driver's (sha256 "
              + checkpoint.sha256()
              + ", there "
              + sha256
              + "); copy the driver's to every machine");
    }
    return TorchScript.load(checkpoint, computation, devices);
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "this executor"; // a machine without a name of its own
    }
  }
}
