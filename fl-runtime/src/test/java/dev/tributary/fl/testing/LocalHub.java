// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A hub of models on this machine's loopback that speaks the hub's protocol: small files from
 * itself, by the hash that Git gives them; {@code .safetensors} files by a redirect to a second
 * server, with their SHA-256. It can be told to misbehave.
 */
public final class LocalHub implements AutoCloseable {
  private final HttpServer hub = server();
  private final HttpServer store = server();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, String> revisions = new ConcurrentHashMap<>(); // ID@REVISION: commit
  private final Map<String, byte[]> contents = new ConcurrentHashMap<>(); // ID@COMMIT/FILE
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<String> strangersTokens = new CopyOnWriteArrayList<>();
  private final AtomicInteger busy = new AtomicInteger();
  private final AtomicInteger cuts = new AtomicInteger();
  private volatile Optional<String> token = Optional.empty();
  private volatile Optional<String> errorCode = Optional.empty();
  private volatile Optional<String> corrupt = Optional.empty();

  private LocalHub() {
    hub.createContext("/", exchange -> answer(exchange, this::hub));
    store.createContext("/", exchange -> answer(exchange, this::store));
    for (HttpServer server : List.of(hub, store)) {
      server.setExecutor(threads);
      server.start();
    }
  }

  public static LocalHub start() {
    return new LocalHub();
  }

  /** What {@code HF_ENDPOINT} names. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  /**
   * Puts a model there.
   *
   * @param revision a branch or tag, which names the new commit from now on
   * @return the commit
   */
  public String put(String id, String revision, Map<String, byte[]> files) {
    StringBuilder all = new StringBuilder(revision);
    new TreeMap<>(files).forEach((name, bytes) -> all.append(name).append(sha256(bytes)));
    String commit = sha1(all.toString().getBytes(StandardCharsets.UTF_8));
    files.forEach((name, bytes) -> contents.put(id + "@" + commit + "/" + name, bytes));
    revisions.put(id + "@" + revision, commit);
    return commit;
  }

  /** The same with the files of a folder. */
  public String put(String id, String revision, Path folder) {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> inside = Files.list(folder)) {
      for (Path file : inside.filter(Files::isRegularFile).toList()) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return put(id, revision, files);
  }

  /** Answers 401, with an error code if one is given, to who does not show this token. */
  public void wants(String wanted, Optional<String> code) {
    token = Optional.of(wanted);
    errorCode = code;
  }

  /** Answers 503 to so many requests. */
  public void isBusy(int times) {
    busy.set(times);
  }

  /** Ends so many transfers of the store half-way. */
  public void cutsTransfers(int times) {
    cuts.set(times);
  }

  /** Sends other bytes under a file's name from now on. */
  public void corrupts(String file) {
    corrupt = Optional.of(file);
  }

  /** What was asked: method, path, {@code Range} if there is one. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  /** {@code Authorization} headers that reached the second server. */
  public List<String> strangersTokens() {
    return List.copyOf(strangersTokens);
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }

  @FunctionalInterface
  private interface Handler {
    void handle(HttpExchange exchange) throws IOException;
  }

  private void answer(HttpExchange exchange, Handler handler) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    requests.add(
        exchange.getRequestMethod()
            + " "
            + exchange.getRequestURI().getPath()
            + (range == null ? "" : " " + range));
    try (exchange) {
      if (busy.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
        exchange.sendResponseHeaders(503, -1);
        return;
      }
      handler.handle(exchange);
    }
  }

  private void hub(HttpExchange exchange) throws IOException {
    String shown = exchange.getRequestHeaders().getFirst("Authorization");
    if (token.isPresent() && !("Bearer " + token.get()).equals(shown)) {
      errorCode.ifPresent(code -> exchange.getResponseHeaders().set("X-Error-Code", code));
      exchange.getResponseHeaders().set("X-Error-Message", "Please log in.");
      exchange.sendResponseHeaders(shown == null ? 401 : 403, -1);
      return;
    }
    String path = exchange.getRequestURI().getPath();
    String[] parts = path.substring(1).split("/", 6);
    if (path.startsWith("/api/models/") && parts.length == 6) {
      list(exchange, parts[2] + "/" + parts[3], parts[5]);
    } else if (parts.length >= 5 && parts[2].equals("resolve")) {
      resolve(exchange, parts[0] + "/" + parts[1], parts[3], parts[4]);
    } else {
      exchange.sendResponseHeaders(404, -1);
    }
  }

  private void list(HttpExchange exchange, String id, String revision) throws IOException {
    Optional<String> commit = commit(id, revision);
    if (commit.isEmpty()) {
      boolean known = revisions.keySet().stream().anyMatch(key -> key.startsWith(id + "@"));
      exchange
          .getResponseHeaders()
          .set("X-Error-Code", known ? "RevisionNotFound" : "RepoNotFound");
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    ObjectMapper json = new ObjectMapper();
    ObjectNode model = json.createObjectNode().put("id", id).put("sha", commit.get());
    String at = id + "@" + commit.get() + "/";
    for (String file : new TreeMap<>(contents).keySet()) {
      if (file.startsWith(at)) {
        model.withArray("siblings").addObject().put("rfilename", file.substring(at.length()));
      }
    }
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    send(exchange, json.writeValueAsBytes(model), false);
  }

  private Optional<String> commit(String id, String revision) {
    boolean isCommit =
        revisions.entrySet().stream()
            .anyMatch(e -> e.getKey().startsWith(id + "@") && e.getValue().equals(revision));
    return isCommit
        ? Optional.of(revision)
        : Optional.ofNullable(revisions.get(id + "@" + revision));
  }

  private void resolve(HttpExchange exchange, String id, String commit, String file)
      throws IOException {
    byte[] bytes = contents.get(id + "@" + commit + "/" + file);
    if (bytes == null) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    exchange.getResponseHeaders().set("X-Repo-Commit", commit);
    if (file.endsWith(".safetensors")) {
      exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + sha256(bytes) + "\"");
      exchange.getResponseHeaders().set("X-Linked-Size", "" + bytes.length);
      exchange.getResponseHeaders().set("ETag", "\"an-address-of-some-minutes\"");
      exchange
          .getResponseHeaders()
          .set(
              "Location",
              "http://127.0.0.1:%d/%s/%s/%s?signed=yes"
                  .formatted(store.getAddress().getPort(), id, commit, file));
      exchange.sendResponseHeaders(302, -1);
      return;
    }
    if (!"again".equals(exchange.getRequestURI().getQuery())) {
      // As the hub does since it keeps small files elsewhere on the same host.
      exchange
          .getResponseHeaders()
          .set("Location", exchange.getRequestURI().getRawPath() + "?again");
      exchange.sendResponseHeaders(307, -1);
      return;
    }
    exchange.getResponseHeaders().set("ETag", "W/\"" + git(bytes) + "\"");
    send(exchange, corrupted(file, bytes), false);
  }

  private void store(HttpExchange exchange) throws IOException {
    String shown = exchange.getRequestHeaders().getFirst("Authorization");
    if (shown != null) {
      strangersTokens.add(shown);
    }
    String[] parts = exchange.getRequestURI().getPath().substring(1).split("/", 4);
    byte[] bytes = contents.get(parts[0] + "/" + parts[1] + "@" + parts[2] + "/" + parts[3]);
    if (bytes == null) {
      exchange.sendResponseHeaders(404, -1);
      return;
    }
    send(exchange, corrupted(parts[3], bytes), cuts.getAndUpdate(n -> Math.max(0, n - 1)) > 0);
  }

  private byte[] corrupted(String file, byte[] bytes) {
    if (corrupt.filter(file::equals).isEmpty()) {
      return bytes;
    }
    byte[] other = bytes.clone();
    other[other.length / 2] ^= 1;
    return other;
  }

  private static void send(HttpExchange exchange, byte[] whole, boolean cut) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    byte[] bytes = whole;
    int status = 200;
    if (range != null) {
      int from = Integer.parseInt(range.replaceAll("\\D", ""));
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (whole.length - 1) + "/" + whole.length);
      bytes = Arrays.copyOfRange(whole, from, whole.length);
      status = 206;
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", "" + bytes.length);
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    OutputStream body = exchange.getResponseBody();
    body.write(bytes, 0, cut ? bytes.length / 2 : bytes.length);
    body.flush();
    if (cut) {
      pause(); // closing the exchange ends the connection, and what has not been read is lost
    }
  }

  private static void pause() {
    try {
      Thread.sleep(200);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static HttpServer server() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String git(byte[] bytes) {
    MessageDigest digest = digest("SHA-1");
    digest.update(("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().formatHex(digest.digest(bytes));
  }

  private static String sha1(byte[] bytes) {
    return HexFormat.of().formatHex(digest("SHA-1").digest(bytes));
  }

  private static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(digest("SHA-256").digest(bytes));
  }

  private static MessageDigest digest(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
