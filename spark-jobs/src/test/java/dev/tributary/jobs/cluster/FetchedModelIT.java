// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.model.InitialCheckpoint;
import dev.tributary.fl.testing.LocalHub;
import dev.tributary.jobs.testing.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The product's jar and a hub on the loopback. */
class FetchedModelIT {
  @TempDir private Path directory;
  @AutoClose private final LocalHub hub = LocalHub.start();

  @Test
  void twoProcessesFetchAModelOnceAndAThirdFindsIt() throws Exception {
    TinyExperiment.in(directory);
    Path model = directory.resolve("whole");
    InitialCheckpoint.write(directory.resolve("model/config.json"), 3, model);
    hub.put("org/tiny", "main", model);
    hub.cutsTransfers(1);

    Map<String, String> withHub = Map.of("HF_ENDPOINT", hub.endpoint().toString());
    Process first = generate("first", withHub);
    Process second = generate("second", withHub);
    String texts = texts("first", first);
    assertThat(texts("second", second)).isEqualTo(texts).isNotEmpty();
    assertThat(hub.requests().stream().filter(r -> r.matches("GET /api/.*"))).hasSize(2);
    assertThat(hub.requests().stream().filter(r -> r.matches("GET /org/tiny/[0-9a-f]+/.*")))
        .as("what the second server was asked: once, and once more after the cut")
        .hasSize(2);

    assertThat(texts("third", generate("third", Map.of()))).isEqualTo(texts);
  }

  private Process generate(String name, Map<String, String> environment) throws IOException {
    Path target = Path.of("target").toAbsolutePath();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-Dai.djl.offline=true", "-cp"));
    command.add(target.resolve("tributary.jar") + ":" + target.resolve("spark/jars") + "/*");
    command.addAll(List.of("dev.tributary.Tributary", "generate", "--checkpoint", "org/tiny"));
    command.addAll(List.of("--new-tokens", "4", "--json", "1 + 1"));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(directory.resolve(name + ".out").toFile())
            .redirectError(directory.resolve(name + ".err").toFile());
    builder.environment().put("HF_HUB_CACHE", directory.resolve("hub").toString());
    builder.environment().putAll(environment);
    return builder.start();
  }

  private String texts(String name, Process process) throws IOException, InterruptedException {
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    String log = Files.readString(directory.resolve(name + ".err"));
    assertThat(process.exitValue()).as(log).isZero();
    String json = Files.readString(directory.resolve(name + ".out"));
    return new ObjectMapper().readTree(json).path("texts").toString();
  }
}
