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
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The base model of a run, as an executor finds it: under the driver's path, on a file system that
 * both see; else as a copy that the driver sends. Either is used only if its content is the
 * driver's. Nothing comes from elsewhere: models are fetched from hubs by the driver alone.
 *
 * @param directory a Hugging Face directory, absolute
 * @param files that it is read from, names in the directory
 * @param sha256 of its content, as the driver has it ({@link Checkpoint#sha256})
 * @param computation how it is held and computed
 * @param threads computing threads of a client or of a piece of an evaluation; results depend on it
 *     in the last bit
 * @param served the same files on the driver's server; empty in local mode
 */
public record BaseModel(
    String directory,
    List<String> files,
    String sha256,
    Computation computation,
    int threads,
    Optional<ServedFiles> served)
    implements Serializable {

  public BaseModel {
    files = List.copyOf(files);
  }

  /** On the driver. */
  public static BaseModel of(
      JavaSparkContext spark, Checkpoint checkpoint, Computation computation, int threads) {
    Path directory = checkpoint.directory().toAbsolutePath().normalize();
    List<String> files =
        checkpoint.files().stream().map(file -> file.getFileName().toString()).toList();
    return new BaseModel(
        directory.toString(),
        files,
        checkpoint.sha256(),
        computation,
        threads,
        ServedFiles.of(spark, directory, files));
  }

  /** Lends this JVM's copy for the task that runs on the calling thread. */
  public BaseModels.Borrowed borrow() {
    TorchScript.setThreads(threads);
    return BaseModels.OF_THIS_JVM.borrow(this, TaskDevice.ofThisTask(computation.devices()));
  }

  /** Loads the checkpoint if it is the driver's, byte for byte. */
  CausalLm load(List<Device> devices) {
    Path here = Path.of(directory);
    boolean whole = files.stream().allMatch(file -> Files.isRegularFile(here.resolve(file)));
    if (!whole && served.isPresent()) {
      try {
        return TorchScript.load(checked(served.get().fetch()), computation, devices);
      } catch (CheckpointException e) {
        served.get().forget(); // another attempt copies anew
        throw e;
      }
    }
    if (!Files.isDirectory(here)) {
      throw new CheckpointException(
          "Cannot load checkpoint "
              + directory
              + " on "
              + host()
              + ": there is no such directory; put the checkpoint on a file system that driver and"
              + " executors see under the same path, or copy it to every machine");
    }
    return TorchScript.load(checked(here), computation, devices);
  }

  /** Opens a directory whose content is the driver's. */
  private Checkpoint checked(Path here) {
    Checkpoint checkpoint;
    try {
      checkpoint = Checkpoint.open(here);
    } catch (CheckpointException e) {
      throw new CheckpointException("On " + host() + ": " + e.getMessage(), e);
    }
    if (!checkpoint.sha256().equals(sha256)) {
      throw new CheckpointException(
          "Cannot load checkpoint "
              + here
              + " on "
              + host()
              + ": its files are not the driver's (sha256 "
              + checkpoint.sha256()
              + ", there "
              + sha256
              + "); copy the driver's to every machine");
    }
    return checkpoint;
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "this executor"; // a machine without a name of its own
    }
  }
}
