// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import ai.djl.engine.Engine;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where a run came from: what is needed to make it again. Written to {@code run.json} when the run
 * begins.
 *
 * @param runId names the run in tables; the same after a resume
 * @param experiment its name
 * @param identity hash of all settings that the adapter depends on
 * @param seed of the experiment
 * @param checkpoint directory of the base model, or its name on a hub with the commit
 * @param checkpointSha256 of its content
 * @param data the split directory
 * @param dataSha256 of its content
 * @param encoderSha256 of tokenizer, template and {@code max-tokens}; empty where the run was begun
 *     by a version that did not note it
 * @param device what clients compute on: {@code cpu}, {@code gpu}
 * @param threadsPerClient computing threads of a client
 * @param master the cluster, as Spark names it
 * @param startedAt ISO-8601, UTC
 * @param process where and by what the driver ran
 */
public record Provenance(
    String runId,
    String experiment,
    String identity,
    long seed,
    String checkpoint,
    String checkpointSha256,
    String data,
    String dataSha256,
    @JsonSetter(nulls = Nulls.AS_EMPTY) String encoderSha256,
    String device,
    int threadsPerClient,
    String master,
    String startedAt,
    DriverProcess process) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * The driver.
   *
   * @param host its machine
   * @param system operating system and architecture
   * @param gitCommit checked out where the command ran; empty if none is
   */
  public record DriverProcess(
      String host,
      String system,
      String tributaryVersion,
      String sparkVersion,
      String djlVersion,
      String javaVersion,
      String gitCommit) {
    /** This one. */
    public static DriverProcess current() {
      String version = Provenance.class.getPackage().getImplementationVersion();
      return new DriverProcess(
          thisHost(),
          String.join(
              " ",
              System.getProperty("os.name"),
              System.getProperty("os.version"),
              System.getProperty("os.arch")),
          version == null ? "development" : version,
          org.apache.spark.package$.MODULE$.SPARK_VERSION(),
          Engine.getDjlVersion(),
          System.getProperty("java.version"),
          commitAt(Path.of("").toAbsolutePath()).orElse(""));
    }
  }

  byte[] json() {
    try {
      return (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of texts and numbers is JSON", e);
    }
  }

  /** What {@link #json} wrote; empty if it is damaged. */
  static Optional<Provenance> read(byte[] json) {
    try {
      return Optional.of(JSON.readValue(json, Provenance.class));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The commit that is checked out where the command runs, e.g. of the experiment files. */
  static Optional<String> commitAt(Path directory) {
    for (Path folder = directory; folder != null; folder = folder.getParent()) {
      Path git = folder.resolve(".git");
      try {
        if (Files.isRegularFile(git)) { // a linked work tree
          git = folder.resolve(Files.readString(git).replaceFirst("^gitdir:", "").strip());
        }
        if (Files.isRegularFile(git.resolve("HEAD"))) {
          return commit(git);
        }
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + git, e);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> commit(Path git) throws IOException {
    String head = Files.readString(git.resolve("HEAD")).strip();
    if (!head.startsWith("ref:")) {
      return Optional.of(head);
    }
    String branch = head.substring("ref:".length()).strip();
    Path common = git;
    if (Files.isRegularFile(git.resolve("commondir"))) {
      common = git.resolve(Files.readString(git.resolve("commondir")).strip());
    }
    if (Files.isRegularFile(common.resolve(branch))) {
      return Optional.of(Files.readString(common.resolve(branch)).strip());
    }
    if (!Files.isRegularFile(common.resolve("packed-refs"))) {
      return Optional.empty(); // nothing is committed yet
    }
    List<String> packed = Files.readAllLines(common.resolve("packed-refs"));
    return packed.stream()
        .filter(line -> line.endsWith(" " + branch))
        .map(line -> line.substring(0, line.indexOf(' ')))
        .findFirst();
  }

  private static String thisHost() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost"; // a machine without a name of its own
    }
  }
}
