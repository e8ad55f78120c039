// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher, with programs in the place of Java, Maven and Spark that tell how they were called.
 */
class LauncherTest {
  private static final String TELLS = "#!/bin/bash\nprintf '%s\\n' \"$0\" \"$@\"\n";

  @TempDir private Path temporary;
  private Path home = Path.of("");
  private Path bin = Path.of("");

  @BeforeEach
  void layOut() throws IOException {
    home = temporary.resolve("a home");
    bin = temporary.resolve("bin");
    for (String folder : List.of("conf", "spark-jobs/target/spark/jars")) {
      Files.createDirectories(home.resolve(folder));
    }
    for (String file : List.of("tributary", "conf/spark-defaults.conf")) {
      Files.copy(
          Path.of("..").resolve(file), home.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    Files.writeString(home.resolve("pom.xml"), "<project/>");
    Files.writeString(home.resolve("spark-jobs/target/tributary.jar"), "");
    program(bin.resolve("java"), TELLS);
    program(
        bin.resolve("mvn"),
        "#!/bin/bash\necho \"built in $PWD with $*\"\n: > spark-jobs/target/tributary.jar\n");
  }

  private static void program(Path file, String text) throws IOException {
    Files.createDirectories(file.resolveSibling(""));
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private record Ended(int exitCode, List<String> out, String err) {}

  private Ended launch(Map<String, String> environment, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(home.resolve("tributary").toString()));
    command.addAll(List.of(arguments));
    Path out = temporary.resolve("out.txt");
    Path err = temporary.resolve("err.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(temporary.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", bin + ":/usr/bin:/bin");
    builder.environment().putAll(environment);
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Ended(
        process.exitValue(),
        Files.readAllLines(out),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  @Test
  void runsInThisMachineWithNothingInstalled() throws Exception {
    Ended ended = launch(Map.of(), "run", "my file.yaml", "training.rounds=2");

    assertThat(ended.err()).isEmpty();
    assertThat(ended.exitCode()).isZero();
    assertThat(ended.out())
        .startsWith(bin.resolve("java").toString(), "-Xmx4g")
        .contains(
            "--add-opens=java.base/java.nio=ALL-UNNAMED", "-Dspark.ui.showConsoleProgress=false")
        .endsWith(
            "-cp",
            home.resolve("spark-jobs/target/spark/jars/*")
                + ":"
                + home.resolve("spark-jobs/target/tributary.jar"),
            "dev.tributary.Tributary",
            "run",
            "my file.yaml",
            "training.rounds=2");
  }

  @Test
  void takesMemoryAndJavaFromTheEnvironment() throws Exception {
    program(temporary.resolve("jdk/bin/java"), TELLS);

    Ended ended =
        launch(
            Map.of(
                "TRIBUTARY_DRIVER_MEMORY", "9g",
                "TRIBUTARY_JAVA_OPTIONS", "-Da=1 -Db=2",
                "JAVA_HOME", temporary.resolve("jdk").toString()),
            "validate");

    assertThat(ended.out())
        .startsWith(temporary.resolve("jdk/bin/java").toString(), "-Xmx9g")
        .contains("-Da=1", "-Db=2");
  }

  @Test
  void submitsToTheClusterOfSparkHome() throws Exception {
    Path spark = temporary.resolve("a spark");
    program(spark.resolve("bin/spark-submit"), TELLS);
    Files.createDirectories(spark.resolve("conf"));
    Files.writeString(
        spark.resolve("conf/spark-defaults.conf"), "spark.sql.parquet.compression.codec snappy\n");

    Ended ended = launch(Map.of("SPARK_HOME", spark.toString()), "run", "a.yaml");

    assertThat(ended.out())
        .startsWith(spark.resolve("bin/spark-submit").toString(), "--driver-memory", "4g")
        .contains("spark.executorEnv.GOMP_SPINCOUNT=1000")
        .doesNotContain("spark.sql.parquet.compression.codec=zstd") // the cluster says otherwise
        .endsWith(
            "--class",
            "dev.tributary.Tributary",
            home.resolve("spark-jobs/target/tributary.jar").toString(),
            "run",
            "a.yaml");
    assertThat(launch(Map.of("SPARK_HOME", spark.toString()), "validate", "a.yaml").out().get(0))
        .isEqualTo(bin.resolve("java").toString());
    assertThat(
            launch(Map.of("SPARK_HOME", spark.toString()), "run", "a.yaml", "--master=local[2]")
                .out()
                .get(0))
        .isEqualTo(bin.resolve("java").toString());
  }

  @Test
  void submitsToAStandaloneClusterWithoutAnInstallation() throws Exception {
    Ended ended = launch(Map.of(), "run", "a.yaml", "--master", "spark://host:7077");

    assertThat(ended.out())
        .contains("org.apache.spark.deploy.SparkSubmit")
        .containsSubsequence("--master", "spark://host:7077", "--class", "run", "a.yaml");
    Ended bench =
        launch(Map.of(), "bench", "--json", "round", "a.yaml", "--master", "spark://host:7077");
    assertThat(bench.out()).contains("org.apache.spark.deploy.SparkSubmit");
    assertThat(launch(Map.of("SPARK_HOME", "/nowhere"), "bench", "step").out())
        .endsWith("dev.tributary.Tributary", "bench", "step");
    Ended yarn = launch(Map.of(), "run", "a.yaml", "--master", "yarn");
    assertThat(yarn.exitCode()).isEqualTo(1);
    assertThat(yarn.err())
        .isEqualTo("tributary: for --master yarn a Spark installation is needed; set SPARK_HOME\n");
  }

  @Test
  void buildsWhatIsMissingOrOlderThanItsSources() throws Exception {
    Path jar = home.resolve("spark-jobs/target/tributary.jar");
    Files.delete(jar);

    Ended first = launch(Map.of(), "--version");
    assertThat(first.err())
        .contains("Building Tributary")
        .contains("built in " + home + " with -q -pl spark-jobs -am package -DskipTests")
        .contains("Built in ");
    assertThat(first.out()).startsWith(bin.resolve("java").toString());
    assertThat(launch(Map.of(), "--version").err()).isEmpty();

    Path source = home.resolve("fl-runtime/src/main/java/A.java");
    Files.createDirectories(source.resolveSibling(""));
    Files.writeString(home.resolve("fl-runtime/pom.xml"), "<project/>");
    Files.writeString(source, "class A {}");
    Files.setLastModifiedTime(
        jar,
        java.nio.file.attribute.FileTime.fromMillis(
            Files.getLastModifiedTime(source).toMillis() - 5_000));
    assertThat(launch(Map.of(), "--version").err()).contains("Building Tributary");
    assertThat(launch(Map.of(), "--version").err()).isEmpty();
  }

  @Test
  void saysWhatIsMissing() throws Exception {
    Files.delete(home.resolve("spark-jobs/target/tributary.jar"));
    program(bin.resolve("mvn"), "#!/bin/bash\nexit 1\n");

    Ended ended = launch(Map.of(), "--version");

    assertThat(ended.exitCode()).isEqualTo(1);
    assertThat(ended.err()).contains("tributary: the build failed; ");
    assertThat(launch(Map.of("JAVA_HOME", "/nowhere"), "--version").err())
        .isEqualTo("tributary: there is no Java; install a JDK 17, or set JAVA_HOME\n");
  }
}
