// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * A jar as a user makes one: compiled against the product's jar and Spark, outside of its build.
 */
public final class ExtensionJar {
  private static final Path SOURCES = Path.of("src/test/resources/extension");

  private static final Map<String, String> SERVICES =
      Map.of(
          "dev.tributary.fl.algorithm.FederatedAlgorithm$Provider",
              """
              org.example.HalfWay$Provider
              org.example.LosingBroadcast$Provider
              org.example.Stalling$Provider
              """,
          "dev.tributary.data.Splitter$Provider", "org.example.FirstTwice$Provider",
          "dev.tributary.fl.hook.TrainingHook$Provider",
              """
              org.example.EverySecond$Provider
              org.example.FailingClients$Provider
              org.example.SlowOnce$Provider
              org.example.Waiting$Provider
              """,
          "dev.tributary.fl.model.ModelPreparation$Provider", "org.example.Copy$Provider");

  private ExtensionJar() {}

  /**
   * Compiles and packs it.
   *
   * @param product the product's jar
   */
  public static Path write(Path directory, Path product) {
    try {
      Path classes = Files.createDirectories(directory.resolve("extension-classes"));
      List<String> arguments = new ArrayList<>();
      String classpath = product + File.pathSeparator + jars(product.resolveSibling("spark/jars"));
      arguments.addAll(List.of("-d", classes.toString(), "-classpath", classpath));
      arguments.addAll(List.of("--release", "17", "-proc:none"));
      try (Stream<Path> sources = Files.walk(SOURCES)) {
        sources
            .filter(s -> s.toString().endsWith(".java"))
            .map(Path::toString)
            .forEach(arguments::add);
      }
      ByteArrayOutputStream errors = new ByteArrayOutputStream();
      int code =
          ToolProvider.getSystemJavaCompiler()
              .run(null, errors, errors, arguments.toArray(String[]::new));
      assertThat(code).as(errors.toString(StandardCharsets.UTF_8)).isZero();
      Path jar = directory.resolve("extension.jar");
      try (OutputStream file = Files.newOutputStream(jar);
          JarOutputStream out = new JarOutputStream(file);
          Stream<Path> compiled = Files.walk(classes)) {
        for (Path each : compiled.filter(Files::isRegularFile).sorted().toList()) {
          out.putNextEntry(new JarEntry(classes.relativize(each).toString()));
          out.write(Files.readAllBytes(each));
        }
        for (Map.Entry<String, String> service : SERVICES.entrySet()) {
          out.putNextEntry(new JarEntry("META-INF/services/" + service.getKey()));
          out.write((service.getValue() + "\n").getBytes(StandardCharsets.UTF_8));
        }
      }
      return jar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String jars(Path folder) throws IOException {
    try (Stream<Path> jars = Files.list(folder)) {
      return jars.map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
  }
}
