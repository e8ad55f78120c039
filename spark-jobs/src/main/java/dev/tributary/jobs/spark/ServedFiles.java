// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of the driver for executors that do not see its directories: sent by the file server of
 * Spark's driver, to those that ask.
 *
 * <p>It is the server behind {@code SparkContext.addFile}, under a folder of its own. {@code
 * addFile} itself would copy each file on the driver first, and then send it to every executor with
 * its next task, also where the directory is shared; a model's weights are too large for that.
 *
 * @param uri of the folder, on the driver's server
 * @param names of the files in it
 */
record ServedFiles(String uri, List<String> names) implements Serializable {
  private static final Logger LOG = LoggerFactory.getLogger(ServedFiles.class);

  /** By application and directory, on the driver: a folder can be registered once. */
  private static final Map<String, String> SERVED = new ConcurrentHashMap<>();

  private static final AtomicInteger FOLDERS = new AtomicInteger();

  /** By the folder's address, on an executor: where its files lie. */
  private static final Map<String, Path> FETCHED = new ConcurrentHashMap<>();

  ServedFiles {
    names = List.copyOf(names);
  }

  /**
   * Offers files; on the driver.
   *
   * @param directory that they lie in
   * @return empty in local mode, where all is one process
   */
  static Optional<ServedFiles> of(JavaSparkContext spark, Path directory, List<String> names) {
    if (spark.isLocal()) {
      return Optional.empty();
    }
    String uri =
        SERVED.computeIfAbsent(
            spark.sc().applicationId() + " " + directory,
            key ->
                spark
                    .env()
                    .rpcEnv()
                    .fileServer()
                    .addDirectory("tributary-" + FOLDERS.incrementAndGet(), directory.toFile()));
    return Optional.of(new ServedFiles(uri, names));
  }

  /**
   * Copies the files to this executor's scratch space, once for all its tasks; they go when it
   * ends.
   *
   * @return the folder of the copies
   * @throws UncheckedIOException if the driver cannot be reached, or the disk is full
   */
  Path fetch() {
    return FETCHED.computeIfAbsent(
        uri,
        u -> {
          Path folder =
              Utils.createTempDir(Utils.getLocalDir(SparkEnv.get().conf()), "tributary").toPath();
          long start = System.nanoTime();
          long bytes = 0;
          try {
            for (String name : names) {
              bytes += fetch(name, folder);
            }
          } catch (UncheckedIOException e) {
            Utils.deleteRecursively(folder.toFile());
            throw e;
          }
          LOG.info(
              "Fetched {} files, {} MB, from the driver to {} in {} s",
              names.size(),
              bytes >> 20,
              folder,
              (System.nanoTime() - start) / 1_000_000_000);
          return folder;
        });
  }

  /** Lets the next {@link #fetch} copy anew, after copies turned out wrong. */
  void forget() {
    Path folder = FETCHED.remove(uri);
    if (folder != null) {
      Utils.deleteRecursively(folder.toFile());
    }
  }

  private long fetch(String name, Path folder) {
    Path part = folder.resolve(name + ".part");
    try {
      String escaped = new URI(null, null, "/" + name, null).getRawPath();
      try (ReadableByteChannel from = SparkEnv.get().rpcEnv().openChannel(uri + escaped);
          OutputStream to = Files.newOutputStream(part)) {
        Channels.newInputStream(from).transferTo(to);
      }
      Files.move(part, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
      return Files.size(folder.resolve(name));
    } catch (IOException e) {
      throw failed(name, folder, e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException("a path alone is a URI", e);
    } catch (RuntimeException e) { // what Spark's client throws where the driver has no such file
      throw failed(name, folder, new IOException(e.getMessage(), e));
    }
  }

  private static UncheckedIOException failed(String name, Path folder, IOException cause) {
    return new UncheckedIOException(
        "Cannot copy "
            + name
            + " from the driver to "
            + folder
            + " ("
            + cause.getMessage()
            + "); is the driver up, and is there room on the disk?",
        cause);
  }
}
