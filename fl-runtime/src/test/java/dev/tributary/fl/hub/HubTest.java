// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.testing.LocalHub;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubTest {
  private static final ModelName TINY = ModelName.of("org/tiny").orElseThrow();
  private static final Patience SHORT =
      new Patience(3, Duration.ofMillis(2), Duration.ofMillis(5), Duration.ofSeconds(5));
  private static final byte[] WEIGHTS = new byte[3_000_000];

  static {
    new SplittableRandom(1).nextBytes(WEIGHTS);
  }

  @TempDir private Path folder;
  @AutoClose private final LocalHub server = LocalHub.start();
  private final Heard heard = new Heard();

  /** Takes down what is told. */
  private static final class Heard implements FetchListener {
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    private long arrived;
    private long found;

    @Override
    public void say(String text) {
      lines.add(text);
    }

    @Override
    public Fetch begin(String model, long bytes) {
      lines.add("begin " + model + " " + bytes);
      return new Fetch() {
        @Override
        public synchronized void found(long there) {
          found += there;
        }

        @Override
        public synchronized void arrived(String file, long more) {
          arrived += more;
        }

        @Override
        public void close() {
          lines.add("end");
        }
      };
    }
  }

  @Test
  void fetchesWhatIsReadAndNothingElseIntoTheCachesLayout() throws IOException {
    Map<String, byte[]> files = model();
    files.put("pytorch_model.bin", bytes("a pickle"));
    files.put("consolidated.safetensors", bytes("the same weights again"));
    files.put("onnx/model.safetensors", bytes("another program's"));
    files.put("README.md", bytes("a card"));
    String commit = server.put("org/tiny", "main", files);

    Snapshot snapshot = hub().fetch(TINY, Extent.WHOLE, heard);

    Path model = folder.resolve("hub/models--org--tiny");
    assertThat(snapshot)
        .isEqualTo(new Snapshot(TINY, commit, model.resolve("snapshots/" + commit)));
    assertThat(snapshot.pinned()).hasToString("org/tiny@" + commit);
    assertThat(names(snapshot.directory()))
        .containsExactly("config.json", "model.safetensors", "tokenizer.json");
    assertThat(model.resolve("refs/main")).hasContent(commit);
    Path link = snapshot.directory().resolve("model.safetensors");
    assertThat(link).isSymbolicLink().hasBinaryContent(WEIGHTS);
    Path blob = Files.readSymbolicLink(link);
    assertThat(blob.toString()).matches("\\.\\./\\.\\./blobs/[0-9a-f]{64}");
    assertThat(Files.readSymbolicLink(snapshot.directory().resolve("config.json")).toString())
        .matches("\\.\\./\\.\\./blobs/[0-9a-f]{40}");
    int bytes = WEIGHTS.length + "{\"a\": 1}".length() + "{}".length();
    assertThat(heard.lines).containsExactly("begin org/tiny " + bytes, "end");
    assertThat(heard.arrived).isEqualTo(bytes);
    assertThat(names(model.resolve("blobs"))).hasSize(3).noneMatch(n -> n.endsWith("incomplete"));
  }

  @Test
  void asksOnlyWhatTheRevisionIsWhereAllIsThere() {
    server.put("org/tiny", "main", model());
    Snapshot first = hub().fetch(TINY, Extent.WHOLE, heard);
    int before = server.requests().size();

    assertThat(hub().fetch(TINY, Extent.WHOLE, heard)).isEqualTo(first);
    assertThat(server.requests().subList(before, server.requests().size()))
        .containsExactly("GET /api/models/org/tiny/revision/main");

    ModelName pinned = first.pinned();
    assertThat(hub().fetch(pinned, Extent.WHOLE, heard).directory()).isEqualTo(first.directory());
    assertThat(server.requests()).hasSize(before + 1);
  }

  @Test
  void fetchesTextsWithoutWeightsAndTheRestLater() throws IOException {
    server.put("org/tiny", "main", model());

    Snapshot texts = hub().fetch(TINY, Extent.TEXTS, heard);
    assertThat(names(texts.directory())).containsExactly("config.json", "tokenizer.json");
    assertThat(hub().find(TINY, Extent.TEXTS)).contains(texts);
    assertThat(hub().find(TINY, Extent.WHOLE)).isEmpty();

    Snapshot whole = hub().fetch(TINY, Extent.WHOLE, heard);
    assertThat(names(whole.directory())).hasSize(3);
    assertThat(hub().find(TINY, Extent.WHOLE)).contains(whole);
  }

  @Test
  void goesOnWhereAConnectionWasCut() {
    server.put("org/tiny", "main", model());
    server.cutsTransfers(2);

    Snapshot snapshot = hub().fetch(TINY, Extent.WHOLE, heard);

    assertThat(snapshot.directory().resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(server.requests().stream().filter(r -> r.matches("GET .* bytes=[1-9]\\d{5,6}-")))
        .hasSize(4); // of the hub, and where it redirects to
    assertThat(heard.arrived).isEqualTo(WEIGHTS.length + 10);
  }

  @Test
  void goesOnWhereAnotherProcessWasKilled() throws IOException {
    server.put("org/tiny", "main", model());
    Snapshot whole = hub().fetch(TINY, Extent.WHOLE, heard);
    Path link = whole.directory().resolve("model.safetensors");
    Path blob = link.toRealPath();
    Files.delete(link);
    Path incomplete = blob.resolveSibling(blob.getFileName() + ".incomplete");
    Files.write(incomplete, java.util.Arrays.copyOf(WEIGHTS, 1_000_000));
    Files.delete(blob);
    heard.arrived = 0;
    heard.found = 0;

    hub().fetch(TINY, Extent.WHOLE, heard);

    assertThat(link).hasBinaryContent(WEIGHTS);
    assertThat(heard.found).isEqualTo(1_000_000);
    assertThat(heard.arrived).isEqualTo(2_000_000);
    assertThat(incomplete).doesNotExist();
  }

  @Test
  void refusesContentThatIsNotTheHubsAndRemovesIt() throws IOException {
    server.put("org/tiny", "main", model());
    server.corrupts("model.safetensors");

    assertThatThrownBy(() -> hub().fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(HubException.class)
        .hasMessageMatching(
            "Cannot use model.safetensors of org/tiny: what arrived has checksum [0-9a-f]{64}, the"
                + " hub announced [0-9a-f]{64}; it was removed, try again");
    Path model = folder.resolve("hub/models--org--tiny");
    assertThat(names(model.resolve("blobs"))).hasSize(2).noneMatch(n -> n.endsWith("incomplete"));
    assertThat(model.resolve("refs")).doesNotExist();
    assertThat(hub().find(TINY, Extent.WHOLE)).isEmpty();
  }

  @Test
  void refusesASmallFileThatIsNotTheHubs() {
    server.put("org/tiny", "main", model());
    server.corrupts("config.json");

    assertThatThrownBy(() -> hub().fetch(TINY, Extent.TEXTS, heard))
        .hasMessageMatching(
            "Cannot use config.json of org/tiny: what arrived has checksum [0-9a-f]{40}, .*");
  }

  @Test
  void showsTheTokenToTheHubAlone() {
    server.put("org/tiny", "main", model());
    server.wants("hf_secret", Optional.of("GatedRepo"));

    assertThatThrownBy(() -> hub().fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot fetch org/tiny: "
                + server.endpoint()
                + " answers 401 (Please log in.); it is gated: accept its licence at "
                + server.endpoint()
                + "/org/tiny and set HF_TOKEN to a token of your account");
    assertThatThrownBy(() -> hub(Map.of("HF_TOKEN", "hf_other")).fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("answers 403")
        .hasMessageContaining("with that account, or set HF_TOKEN to a token that may read it")
        .hasMessageNotContaining("hf_other");

    hub(Map.of("HF_TOKEN", "hf_secret")).fetch(TINY, Extent.WHOLE, heard);
    assertThat(server.strangersTokens()).isEmpty();
    assertThat(hub(Map.of("HF_TOKEN", "hf_secret")).settings().toString())
        .doesNotContain("hf_secret");
  }

  @Test
  void readsTheTokenFromItsFile() throws IOException {
    server.put("org/tiny", "main", model());
    server.wants("hf_secret", Optional.empty());
    assertThatThrownBy(() -> hub().fetch(TINY, Extent.WHOLE, heard))
        .hasMessageContaining("it may not exist, be private, or be gated: check the name");
    Files.writeString(folder.resolve("token"), "hf_secret\n");

    assertThat(hub().fetch(TINY, Extent.TEXTS, heard).directory()).isDirectory();
  }

  @Test
  void namesWhatAHubDoesNotHave() {
    assertThatThrownBy(() -> hub().fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot fetch org/tiny: "
                + server.endpoint()
                + " answers 404; there is no such directory here, and no such model or revision"
                + " there; check the name");
    server.put("org/tiny", "main", model());
    assertThatThrownBy(() -> hub().fetch(TINY.at("v2"), Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("Cannot fetch org/tiny@v2")
        .hasMessageContaining("it has no revision v2; name a branch, a tag or a commit");
  }

  @Test
  void saysWhatToDoWithPickles() {
    server.put(
        "org/tiny", "main", Map.of("config.json", bytes("{}"), "pytorch_model.bin", WEIGHTS));

    assertThatThrownBy(() -> hub().fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "Cannot fetch org/tiny: it has no model.safetensors and no"
                + " model.safetensors.index.json; its weights are in .bin files, pickles")
        .hasMessageContaining("safe_serialization=True");
  }

  @Test
  void fetchesTheShardsThatAnIndexNames() throws IOException {
    Map<String, byte[]> files = model();
    files.remove("model.safetensors");
    files.put("model-00001-of-00002.safetensors", WEIGHTS);
    files.put("model-00002-of-00002.safetensors", bytes("more"));
    files.put("model-extra.safetensors", bytes("named by nobody"));
    files.put(
        "model.safetensors.index.json",
        bytes(
            "{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\","
                + " \"b\": \"model-00002-of-00002.safetensors\"}}"));
    server.put("org/tiny", "main", files);

    Snapshot snapshot = hub().fetch(TINY, Extent.WHOLE, heard);

    assertThat(names(snapshot.directory()))
        .containsExactly(
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "tokenizer.json");
    Files.delete(snapshot.directory().resolve("model-00002-of-00002.safetensors"));
    assertThat(hub().find(TINY, Extent.WHOLE)).isEmpty();
    assertThatThrownBy(() -> hub(Map.of("HF_ENDPOINT", "")).fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot find model org/tiny: there is no such directory, and in the cache of models "
                + folder.resolve("hub")
                + " it lacks [model-00002-of-00002.safetensors]; nothing is fetched unless"
                + " HF_ENDPOINT names a hub: set it to https://HOST, or give a directory");
  }

  @Test
  void refusesAnIndexThatLeavesItsFolder() {
    Map<String, byte[]> files = model();
    files.remove("model.safetensors");
    files.put("../x.safetensors", WEIGHTS);
    files.put(
        "model.safetensors.index.json", bytes("{\"weight_map\": {\"a\": \"../x.safetensors\"}}"));
    server.put("org/tiny", "main", files);

    assertThatThrownBy(() -> hub().fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("names files that it does not have in one folder");
  }

  @Test
  void keepsTwoRevisionsSideBySideAndSharesWhatIsEqual() throws IOException {
    String first = server.put("org/tiny", "main", model());
    Map<String, byte[]> changed = model();
    changed.put("config.json", bytes("{\"a\": 2}"));
    String second = server.put("org/tiny", "v2", changed);

    Snapshot main = hub().fetch(TINY, Extent.WHOLE, heard);
    Snapshot tagged = hub().fetch(TINY.at("v2"), Extent.WHOLE, heard);

    assertThat(main.commit()).isEqualTo(first);
    assertThat(tagged.commit()).isEqualTo(second);
    assertThat(tagged.name()).hasToString("org/tiny@v2");
    assertThat(tagged.directory().resolve("config.json")).hasContent("{\"a\": 2}");
    assertThat(main.directory().resolve("config.json")).hasContent("{\"a\": 1}");
    assertThat(names(folder.resolve("hub/models--org--tiny/blobs"))).hasSize(4);

    String moved = server.put("org/tiny", "main", changed);
    assertThat(hub().fetch(TINY, Extent.WHOLE, heard).commit()).isEqualTo(moved);
    assertThat(hub().find(TINY, Extent.WHOLE).orElseThrow().commit()).isEqualTo(moved);
  }

  @Test
  void twoAtOnceFetchEachFileOnce() throws Exception {
    server.put("org/tiny", "main", model());
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<Snapshot>> fetched = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        fetched.add(threads.submit(() -> hub().fetch(TINY, Extent.WHOLE, heard)));
      }
      assertThat(fetched.get(0).get()).isEqualTo(fetched.get(1).get());
      assertThat(fetched.get(0).get().directory().resolve("model.safetensors"))
          .hasBinaryContent(WEIGHTS);
    } finally {
      threads.shutdownNow();
    }
    assertThat(
            server.requests().stream()
                .filter(r -> r.startsWith("GET") && r.contains("/resolve/"))
                .filter(r -> r.endsWith("model.safetensors")))
        .hasSize(1);
  }

  @Test
  void triesAgainWhatPasses() {
    server.put("org/tiny", "main", model());
    server.isBusy(2);
    assertThat(hub().fetch(TINY, Extent.TEXTS, heard).directory()).isDirectory();
    assertThat(heard.lines.get(0))
        .isEqualTo(
            server.endpoint() + ": " + server.endpoint() + " answers 503; trying again in 0 s");

    server.isBusy(1000);
    assertThatThrownBy(() -> hub().fetch(TINY.at("v2"), Extent.TEXTS, heard))
        .isInstanceOf(HubException.class)
        .hasMessage(
            "Cannot ask "
                + server.endpoint()
                + " for org/tiny@v2: "
                + server.endpoint()
                + " answers 503, 3 times in a row; check the network and HF_ENDPOINT and try again:"
                + " what has arrived is kept");
  }

  @Test
  void takesWhatTheCacheHasWhereTheHubIsAway() {
    server.put("org/tiny", "main", model());
    Snapshot fetched = hub().fetch(TINY, Extent.WHOLE, heard);
    heard.lines.clear();
    server.isBusy(1000);

    assertThat(hub().fetch(TINY, Extent.WHOLE, heard)).isEqualTo(fetched);
    assertThat(heard.lines)
        .singleElement()
        .asString()
        .endsWith("\nTaking org/tiny as the cache has it, at " + fetched.commit());
  }

  @Test
  void givesUpWhereNobodyListens() throws IOException {
    int port;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = closed.getLocalPort();
    }
    assertThatThrownBy(
            () ->
                hub(Map.of("HF_ENDPOINT", "http://127.0.0.1:" + port))
                    .fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(HubException.class)
        .hasMessageContaining("3 times in a row; check the network and HF_ENDPOINT");
  }

  @Test
  void givesUpOnAConnectionThatIsSilent() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      Thread half =
          new Thread(
              () -> {
                try (var socket = silent.accept()) {
                  socket
                      .getOutputStream()
                      .write(bytes("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"));
                  socket.getOutputStream().flush();
                  Thread.sleep(60_000);
                } catch (IOException | InterruptedException e) {
                  return; // the test is over
                }
              });
      half.setDaemon(true);
      half.start();
      HubClient client =
          new HubClient(
              URI.create("http://127.0.0.1:" + silent.getLocalPort()),
              Optional.empty(),
              new Patience(1, Duration.ZERO, Duration.ZERO, Duration.ofMillis(200)),
              heard::say);
      HubClient.RemoteFile file =
          new HubClient.RemoteFile("x", Checksum.ofTag("0".repeat(40)).orElseThrow(), 1000);

      assertThatThrownBy(
              () -> client.download(TINY, "0".repeat(40), file, folder.resolve("x"), b -> {}))
          .isInstanceOf(HubException.class)
          .hasMessageStartingWith("Cannot fetch x of org/tiny from http://127.0.0.1:");
      half.interrupt();
    }
  }

  @Test
  void fetchesNothingWhileOfflineOrWithoutAHub() {
    server.put("org/tiny", "main", model());
    assertThatThrownBy(() -> hub(Map.of("HF_HUB_OFFLINE", "1")).fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "Cannot find model org/tiny: there is no such directory, and the cache of models "
                + folder.resolve("hub")
                + " does not have it; nothing is fetched while HF_HUB_OFFLINE is set: unset it, or"
                + " give a directory");
    assertThatThrownBy(() -> hub(Map.of("HF_ENDPOINT", "")).fetch(TINY, Extent.WHOLE, heard))
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith(
            "does not have it; nothing is fetched unless HF_ENDPOINT names a hub: set it to"
                + " https://HOST, or give a directory");
    assertThat(server.requests()).isEmpty();

    Snapshot fetched = hub().fetch(TINY, Extent.WHOLE, heard);
    int before = server.requests().size();
    assertThat(hub(Map.of("HF_HUB_OFFLINE", "true")).fetch(TINY, Extent.WHOLE, heard))
        .isEqualTo(fetched);
    assertThat(server.requests()).hasSize(before);
  }

  @Test
  void readsACacheThatAnotherProgramFilled() throws IOException {
    String commit = "0123456789abcdef0123456789abcdef01234567";
    Path model = folder.resolve("hub/models--org--tiny");
    Files.createDirectories(model.resolve("refs/refs/pr"));
    Files.createDirectories(model.resolve("snapshots/" + commit));
    Files.writeString(model.resolve("refs/main"), commit);
    Files.writeString(model.resolve("refs/refs/pr/1"), commit);
    Files.writeString(model.resolve("snapshots/" + commit + "/config.json"), "{}");
    Files.writeString(model.resolve("snapshots/" + commit + "/model.safetensors"), "x");

    for (String name : List.of("org/tiny", "org/tiny@refs/pr/1", "org/tiny@" + commit)) {
      ModelName asked = ModelName.of(name).orElseThrow();
      assertThat(hub().find(asked, Extent.WHOLE).orElseThrow().directory())
          .isEqualTo(model.resolve("snapshots/" + commit));
    }
    assertThat(hub().find(TINY.at("v2"), Extent.WHOLE)).isEmpty();
    Files.writeString(model.resolve("refs/main"), "../../../elsewhere");
    assertThat(hub().find(TINY, Extent.WHOLE)).isEmpty();
  }

  private Hub hub() {
    return hub(Map.of());
  }

  private Hub hub(Map<String, String> more) {
    Map<String, String> environment = new TreeMap<>();
    environment.put("HF_HOME", folder.toString());
    environment.put("HF_ENDPOINT", server.endpoint() + "/");
    environment.putAll(more);
    return new Hub(HubSettings.of(environment, folder.resolve("home")), SHORT);
  }

  private static Map<String, byte[]> model() {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("config.json", bytes("{\"a\": 1}"));
    files.put("tokenizer.json", bytes("{}"));
    files.put("model.safetensors", WEIGHTS);
    return files;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
