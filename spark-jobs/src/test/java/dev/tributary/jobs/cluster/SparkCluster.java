// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Master and Workers on this machine's loopback, each a process of its own as on a real cluster,
 * from the jars that the build collects; and spark-submit to it. All processes end with it.
 */
final class SparkCluster implements AutoCloseable {
  /** A command under way. */
  record Submission(Process process, Path output, Path log) {
    /** Waits for the end. */
    Result result(Duration limit) {
      try {
        if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
          kill();
          throw new IllegalStateException("not finished within " + limit + "\n" + tail(log));
        }
        return new Result(process.exitValue(), Files.readString(output), Files.readString(log));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }

    /** kill -9, as a machine that dies. */
    void kill() {
      process.destroyForcibly().onExit().join();
    }
  }

  /** How a command ended. */
  record Result(int exitCode, String output, String log) {
    /** The last line of the output: what {@code --json} prints. */
    String lastLine() {
      return output.lines().reduce("", (before, line) -> line.isBlank() ? before : line);
    }
  }

  private static final Duration START_LIMIT = Duration.ofMinutes(4);
  private static final Pattern ALIVE = Pattern.compile("\"aliveworkers\"\\s*:\\s*(\\d+)");

  private final String workerOptions;
  private final Path directory;
  private final Path sparkHome;
  private final Path jar;
  private final List<Process> workers = new ArrayList<>();
  private final List<Process> processes = new ArrayList<>();
  private final int port = freePort();
  private final int uiPort = freePort();
  private final Thread atExit = new Thread(this::killAll);
  private int submissions;

  private SparkCluster(Path target, String workerOptions) {
    this.workerOptions = workerOptions;
    this.directory = target.resolve("cluster");
    this.sparkHome = directory.resolve("spark");
    this.jar = target.resolve("tributary.jar");
  }

  /**
   * Starts a cluster and waits until its workers have registered.
   *
   * @param target where the module's build left {@code spark/jars} and {@code tributary.jar}
   */
  static SparkCluster start(Path target, int workers, int coresEach) {
    return start(target, workers, coresEach, "");
  }

  /**
   * @param workerOptions of the Workers' Java machines
   */
  static SparkCluster start(Path target, int workers, int coresEach, String workerOptions) {
    SparkCluster cluster = new SparkCluster(target.toAbsolutePath(), workerOptions);
    Runtime.getRuntime().addShutdownHook(cluster.atExit);
    try {
      cluster.layOut(target.toAbsolutePath().resolve("spark/jars"));
      cluster.processes.add(
          cluster.start(
              "master",
              "org.apache.spark.deploy.master.Master",
              "--host",
              "127.0.0.1",
              "--port",
              "" + cluster.port,
              "--webui-port",
              "" + cluster.uiPort));
      for (int i = 0; i < workers; i++) {
        cluster.addWorker(coresEach);
      }
      await("the workers to register", START_LIMIT, () -> cluster.aliveWorkers() == workers);
      return cluster;
    } catch (IOException e) {
      cluster.close();
      throw new UncheckedIOException(e);
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** Each on a host of its own, as Spark sees it: what is speculated runs on another one. */
  private void addWorker(int cores) throws IOException {
    Process worker =
        start(
            "worker" + processes.size(),
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            "127.0.0." + (workers.size() + 1),
            "--webui-port",
            "0",
            "--cores",
            "" + cores,
            "--memory",
            "2g",
            "--work-dir",
            workDirectory().toString(),
            url());
    workers.add(worker);
    processes.add(worker);
  }

  /**
   * kill -9 of a Worker and what it runs, as a machine that dies; another takes its place later.
   */
  void killWorker(int which) {
    Process worker = workers.get(which);
    List<ProcessHandle> children = worker.descendants().toList();
    worker.destroyForcibly().onExit().join();
    children.forEach(ProcessHandle::destroyForcibly);
  }

  /** Starts a Worker of one core in the place of one that was killed. */
  void replaceWorker(int which) {
    try {
      addWorker(1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    workers.remove(which);
    await("the worker to register", START_LIMIT, () -> aliveWorkers() == workers.size());
  }

  String url() {
    return "spark://127.0.0.1:" + port;
  }

  /** Runs a command of the product's jar; {@code options} are spark-submit's. */
  Submission submit(List<String> options, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(sparkHome.resolve("bin/spark-submit").toString());
    command.addAll(List.of("--master", url()));
    command.addAll(List.of("--class", "dev.tributary.Tributary"));
    command.addAll(List.of("--driver-memory", "1g", "--executor-memory", "1g"));
    command.addAll(List.of("--conf", "spark.driver.host=127.0.0.1"));
    command.addAll(List.of("--conf", "spark.ui.enabled=false"));
    command.addAll(options);
    command.add(jar.toString());
    command.addAll(arguments);
    Path output = directory.resolve("submission" + submissions + ".out");
    Path log = directory.resolve("submission" + submissions++ + ".log");
    try {
      Process process =
          builder(command).redirectOutput(output.toFile()).redirectError(log.toFile()).start();
      processes.add(process);
      return new Submission(process, output, log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Executors that live now. */
  List<ProcessHandle> executors() {
    return workers.stream()
        .flatMap(Process::descendants)
        .filter(ProcessHandle::isAlive)
        .filter(p -> commandLine(p).contains("CoarseGrainedExecutorBackend"))
        .toList();
  }

  /** Removes what applications that have ended left with the workers: a copy of the jar each. */
  void clean() {
    await("executors to end", Duration.ofMinutes(2), () -> executors().isEmpty());
    delete(workDirectory());
  }

  @Override
  public void close() {
    killAll();
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException e) {
      return; // the JVM is ending, and the hook runs
    }
    delete(workDirectory());
  }

  /** Waits, asking ten times a second. */
  static void await(String what, Duration limit, BooleanSupplier condition) {
    Instant end = Instant.now().plus(limit);
    while (!condition.getAsBoolean()) {
      if (Instant.now().isAfter(end)) {
        throw new IllegalStateException("waited " + limit + " for " + what);
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  private void killAll() {
    for (Process process : processes) {
      List<ProcessHandle> children = process.descendants().toList();
      process.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
      process.onExit().join();
    }
  }

  private Path workDirectory() {
    return directory.resolve("work");
  }

  /** A Spark home as the distribution's, as far as Master, Workers and spark-submit need it. */
  private void layOut(Path jars) throws IOException {
    if (!Files.isDirectory(jars)) {
      throw new IllegalStateException("needs " + jars + ": run mvn package first");
    }
    delete(directory);
    Files.createDirectories(sparkHome.resolve("bin"));
    Files.createDirectories(sparkHome.resolve("conf"));
    Files.createSymbolicLink(sparkHome.resolve("jars"), jars);
    Files.writeString(
        sparkHome.resolve("conf/log4j2.properties"),
        """
        rootLogger.level = info
        rootLogger.appenderRef.stderr.ref = stderr
        appender.stderr.type = Console
        appender.stderr.name = stderr
        appender.stderr.target = SYSTEM_ERR
        appender.stderr.layout.type = PatternLayout
        appender.stderr.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex
        """);
    script(
        "spark-class",
        """
        #!/usr/bin/env bash
        # As the distribution's script: the launcher prints the command, this runs it.
        export SPARK_HOME="$(cd "$(dirname "$0")"/..; pwd)"
        export SPARK_SCALA_VERSION=2.12
        RUNNER="${JAVA_HOME:+$JAVA_HOME/bin/}java"
        CMD=()
        while IFS= read -d '' -r ARG; do
          ARG=${ARG//$'\\n'/}
          if [ -z "${STARTED:-}" ] && [ -z "$ARG" ]; then STARTED=1; continue; fi
          CMD+=("$ARG")
        done < <("$RUNNER" -Xmx128m -cp "$SPARK_HOME/jars/*" org.apache.spark.launcher.Main "$@"; printf "%d\\0" $?)
        last=$((${#CMD[@]} - 1))
        if [ "${CMD[$last]}" != 0 ]; then printf '%s\\n' "${CMD[@]:0:$last}" >&2; exit 1; fi
        exec "${CMD[@]:0:$last}"
        """);
    script(
        "spark-submit",
        """
        #!/usr/bin/env bash
        exec "$(dirname "$0")"/spark-class org.apache.spark.deploy.SparkSubmit "$@"
        """);
  }

  private void script(String name, String text) throws IOException {
    Path file = sparkHome.resolve("bin").resolve(name);
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Process start(String name, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(sparkHome.resolve("bin/spark-class").toString());
    command.addAll(List.of(arguments));
    Path log = directory.resolve(name + ".log");
    return builder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
  }

  private ProcessBuilder builder(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("SPARK_"));
    environment.put("SPARK_LOCAL_IP", "127.0.0.1");
    environment.put("SPARK_WORKER_OPTS", workerOptions);
    environment.put("SPARK_DAEMON_MEMORY", "256m");
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    return builder;
  }

  private int aliveWorkers() {
    try {
      HttpRequest status =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + uiPort + "/json/"))
              .timeout(Duration.ofSeconds(5))
              .build();
      String json =
          HttpClient.newHttpClient().send(status, HttpResponse.BodyHandlers.ofString()).body();
      Matcher alive = ALIVE.matcher(json);
      return alive.find() ? Integer.parseInt(alive.group(1)) : 0;
    } catch (IOException e) {
      return 0; // not up yet
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(
          Path.of("/proc", "" + process.pid(), "cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // it has ended
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String tail(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      List<String> all = lines.toList();
      return String.join("\n", all.subList(Math.max(0, all.size() - 60), all.size()));
    }
  }

  private static void delete(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              return FileVisitResult.CONTINUE; // a process that is ending removed it itself
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path folder, @org.jspecify.annotations.Nullable IOException e) throws IOException {
              Files.deleteIfExists(folder);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove " + directory, e);
    }
  }
}
