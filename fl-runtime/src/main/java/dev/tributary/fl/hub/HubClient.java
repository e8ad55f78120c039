// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.fl.config.InputException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * The hub's protocol, as far as models are fetched by it:
 *
 * <pre>
 * GET  /api/models/ORG/MODEL/revision/REVISION   JSON: sha (the commit), siblings (the files)
 * HEAD /ORG/MODEL/resolve/COMMIT/FILE            ETag or X-Linked-Etag (the checksum), the size
 * GET  the same, with Range                      the content; most often by a redirect elsewhere
 * </pre>
 *
 * <p>Redirects are followed here, not by the HTTP client, because the user's token is for the hub
 * alone. What may pass (lost connections, 5xx, 429) is tried again with growing pauses.
 */
final class HubClient {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_REDIRECTS = 8;
  private static final Duration CONNECT = Duration.ofSeconds(20);
  private static final int UNKNOWN = -1;

  /**
   * What a hub has of a model.
   *
   * @param commit that the revision stands for
   * @param files paths in the repository
   */
  record Listing(String commit, List<String> files) {}

  /**
   * A file before it is fetched.
   *
   * @param bytes its size; -1 where the hub does not tell
   */
  record RemoteFile(String name, Checksum checksum, long bytes) {}

  /** A failure that may be over at the next attempt. */
  private static final class PassingException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Optional<Duration> pause;

    PassingException(String message, Optional<Duration> pause) {
      super(message);
      this.pause = pause;
    }
  }

  @FunctionalInterface
  private interface Request<T> {
    T send() throws IOException;
  }

  private final URI endpoint;
  private final Optional<String> token;
  private final Patience patience;
  private final Consumer<String> notices;
  private final HttpClient http;

  /**
   * @param endpoint without a slash at its end
   * @param notices is told what is tried again, and why
   */
  HubClient(URI endpoint, Optional<String> token, Patience patience, Consumer<String> notices) {
    this.notices = notices;
    this.endpoint = endpoint;
    this.token = token;
    this.patience = patience;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .build();
  }

  /**
   * Asks what a revision is and has.
   *
   * @throws InputException if there is no such model, or not for this user
   * @throws HubException if the hub cannot be reached
   */
  Listing listing(ModelName name) {
    URI uri = uri("/api/models/" + name.id() + "/revision/" + escaped(name.revision()));
    return patiently(
        "ask " + endpoint + " for " + name,
        () -> {
          HttpResponse<InputStream> response = follow("GET", uri, 0);
          try (InputStream body = response.body()) {
            check(response, name, "");
            return listing(name, body.readAllBytes());
          }
        });
  }

  private Listing listing(ModelName name, byte[] body) {
    JsonNode json;
    try {
      json = JSON.readTree(body);
    } catch (IOException e) {
      throw new HubException(notAHub(name) + ": its answer is no JSON", e);
    }
    String commit = json.path("sha").asText();
    if (!ModelName.isCommit(commit) || !json.path("siblings").isArray()) {
      throw new HubException(notAHub(name) + ": its answer has no sha and siblings");
    }
    List<String> files = new ArrayList<>();
    json.path("siblings").forEach(sibling -> files.add(sibling.path("rfilename").asText()));
    return new Listing(commit, List.copyOf(files));
  }

  private String notAHub(ModelName name) {
    return "Cannot fetch " + name + ": " + endpoint + " (HF_ENDPOINT) is no hub of models";
  }

  /**
   * Asks for a file's checksum and size.
   *
   * @throws InputException if it is not for this user
   * @throws HubException if the hub cannot be reached, or tells no checksum
   */
  RemoteFile describe(ModelName name, String commit, String file) {
    return patiently(
        "ask " + endpoint + " for " + file + " of " + name,
        () -> {
          URI at = resolve(name, commit, file);
          for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            HttpResponse<InputStream> response = send("HEAD", at, 0);
            response.body().close();
            Optional<URI> next = redirect(response);
            // The hub itself tells the hash; where the content lies, an ETag may be anything.
            if (next.isPresent()
                && isHub(next.get())
                && header(response, "X-Linked-Etag").isEmpty()) {
              at = next.get();
              continue;
            }
            if (next.isEmpty()) {
              check(response, name, file);
            }
            return described(name, file, response, next.isPresent());
          }
          throw tooManyRedirects(at);
        });
  }

  private RemoteFile described(
      ModelName name, String file, HttpResponse<?> response, boolean redirected) {
    Optional<String> tag = header(response, "X-Linked-Etag").or(() -> header(response, "ETag"));
    Checksum checksum =
        tag.flatMap(Checksum::ofTag)
            .orElseThrow(
                () ->
                    new HubException(
                        "Cannot fetch "
                            + file
                            + " of "
                            + name
                            + ": "
                            + endpoint
                            + " tells no checksum of it (ETag "
                            + tag.orElse("missing")
                            + "), so what arrives could not be checked; use another hub, or"
                            + " download the model and give its directory"));
    Optional<String> length =
        header(response, "X-Linked-Size")
            .or(() -> redirected ? Optional.empty() : header(response, "Content-Length"));
    long bytes =
        length
            .filter(text -> text.matches("\\d{1,18}"))
            .map(Long::parseLong)
            .orElse((long) UNKNOWN);
    return new RemoteFile(file, checksum, bytes);
  }

  /**
   * Fetches a file's content, going on where an earlier attempt ended. The result is not checked
   * yet.
   *
   * @param incomplete what is here already; made if need be
   * @param arrived is told of bytes as they arrive
   * @throws HubException if the hub cannot be reached, or sends too much
   */
  void download(
      ModelName name, String commit, RemoteFile file, Path incomplete, LongConsumer arrived)
      throws IOException {
    int failures = 0;
    while (true) {
      long before = size(incomplete);
      if (file.bytes() >= 0 && before > file.bytes()) {
        Files.delete(incomplete); // of something else
        before = 0;
      }
      if (before == file.bytes() && before > 0) {
        return;
      }
      try {
        transfer(name, commit, file, incomplete, before, arrived);
        return;
      } catch (IOException e) {
        failures = size(incomplete) > before ? 1 : failures + 1;
        if (failures >= patience.attempts()) {
          throw gaveUp("fetch " + file.name() + " of " + name + " from " + endpoint, failures, e);
        }
        pause(failures, e);
      }
    }
  }

  private void transfer(
      ModelName name,
      String commit,
      RemoteFile file,
      Path incomplete,
      long before,
      LongConsumer arrived)
      throws IOException {
    HttpResponse<InputStream> response = follow("GET", resolve(name, commit, file.name()), before);
    try (InputStream body = response.body()) {
      if (response.statusCode() == 416) { // what is here ends behind the file's end
        Files.deleteIfExists(incomplete);
        throw new PassingException("the hub has no bytes from " + before, Optional.empty());
      }
      if (response.statusCode() == 403 && !isHub(response.uri())) {
        // Redirects go to addresses that are valid for some minutes; the next one will be new.
        throw new PassingException(response.uri().getHost() + " answers 403", Optional.empty());
      }
      check(response, name, file.name());
      boolean goesOn = response.statusCode() == 206;
      if (goesOn
          && !header(response, "Content-Range").orElse("").startsWith("bytes " + before + "-")) {
        throw new PassingException("the hub sends other bytes than asked for", Optional.empty());
      }
      copy(file, body, incomplete, goesOn ? before : 0, arrived);
    }
  }

  private void copy(
      RemoteFile file, InputStream body, Path incomplete, long before, LongConsumer arrived)
      throws IOException {
    long there = before;
    byte[] piece = new byte[1 << 16];
    try (Silence silence = Silence.watch(body, patience.silence());
        OutputStream out = open(incomplete, before)) {
      for (int read = body.read(piece); read >= 0; read = body.read(piece)) {
        silence.broken();
        there += read;
        if (file.bytes() >= 0 && there > file.bytes()) {
          throw new HubException(
              "Cannot fetch "
                  + file.name()
                  + ": "
                  + endpoint
                  + " sends more than the "
                  + file.bytes()
                  + " bytes that it has announced; try again later");
        }
        write(out, piece, read, incomplete);
        arrived.accept(read);
      }
    }
    if (file.bytes() >= 0 && there < file.bytes()) {
      throw new EOFException("the connection ended at byte " + there + " of " + file.bytes());
    }
  }

  /** Trouble with this machine's disk is none of the connection's, and not tried again. */
  private static OutputStream open(Path file, long before) {
    try {
      return before > 0
          ? Files.newOutputStream(file, StandardOpenOption.APPEND)
          : Files.newOutputStream(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }

  private static void write(OutputStream out, byte[] bytes, int length, Path file) {
    try {
      out.write(bytes, 0, length);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }

  private static long size(Path file) throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  // ---- requests

  /** Sends a request and follows redirects, wherever they lead. */
  private HttpResponse<InputStream> follow(String method, URI start, long from) throws IOException {
    URI at = start;
    for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      HttpResponse<InputStream> response = send(method, at, from);
      Optional<URI> next = redirect(response);
      if (next.isEmpty()) {
        return response;
      }
      response.body().close();
      at = next.get();
    }
    throw tooManyRedirects(start);
  }

  private static HubException tooManyRedirects(URI uri) {
    return new HubException(
        "Cannot fetch from " + uri.getHost() + ": it redirects in a circle; is HF_ENDPOINT right?");
  }

  /**
   * @param from first byte wanted
   */
  private HttpResponse<InputStream> send(String method, URI uri, long from) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(patience.silence()) // until the answer begins
            .header("Accept-Encoding", "identity") // sizes and ranges are the content's
            .header("User-Agent", "tributary");
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    if (isHub(uri)) {
      token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
    }
    try {
      return http.send(request.build(), BodyHandlers.ofInputStream());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException("Interrupted while waiting for " + uri.getHost(), e);
    }
  }

  private static Optional<URI> redirect(HttpResponse<?> response) {
    int status = response.statusCode();
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
      return Optional.empty();
    }
    String location = header(response, "Location").orElse("");
    try {
      URI next = response.uri().resolve(location);
      boolean web = "https".equals(next.getScheme()) || "http".equals(next.getScheme());
      boolean weaker =
          "https".equals(response.uri().getScheme()) && "http".equals(next.getScheme());
      if (!location.isEmpty() && web && !weaker && next.getHost() != null) {
        return Optional.of(next);
      }
    } catch (IllegalArgumentException e) {
      throw new HubException(wrongRedirect(response), e);
    }
    throw new HubException(wrongRedirect(response));
  }

  private static String wrongRedirect(HttpResponse<?> response) {
    return "Cannot fetch from "
        + response.uri().getHost()
        + ": it redirects to nowhere, or to an unencrypted address; is HF_ENDPOINT right?";
  }

  /** Whether an address is the hub's own; only there goes the token. */
  private boolean isHub(URI uri) {
    return endpoint.getScheme().equals(uri.getScheme())
        && endpoint.getHost().equalsIgnoreCase(String.valueOf(uri.getHost()))
        && port(endpoint) == port(uri);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : "https".equals(uri.getScheme()) ? 443 : 80;
  }

  private URI resolve(ModelName name, String commit, String file) {
    return uri("/" + name.id() + "/resolve/" + commit + "/" + escaped(file));
  }

  private URI uri(String path) {
    return URI.create(endpoint + path);
  }

  /** One segment of a path, slashes and all. */
  private static String escaped(String segment) {
    return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
  }

  // ---- answers

  /**
   * Refuses an answer that is none.
   *
   * @param file that was asked for; empty for the model
   * @throws InputException if there is no such thing, or not for this user
   * @throws PassingException if another attempt may go better
   */
  private void check(HttpResponse<?> response, ModelName name, String file)
      throws PassingException {
    int status = response.statusCode();
    if (status == 200 || status == 206) {
      return;
    }
    String where = isHub(response.uri()) ? endpoint.toString() : response.uri().getHost();
    if (status == 408 || status == 429 || status >= 500) {
      Optional<Duration> pause =
          header(response, "Retry-After")
              .filter(text -> text.matches("\\d{1,6}"))
              .map(text -> Duration.ofSeconds(Long.parseLong(text)));
      throw new PassingException(where + " answers " + status, pause);
    }
    String what = file.isEmpty() ? name.toString() : file + " of " + name;
    String said =
        header(response, "X-Error-Message")
            .map(text -> " (" + text.substring(0, Math.min(200, text.length())) + ")")
            .orElse("");
    String cannot = "Cannot fetch " + what + ": " + where + " answers " + status + said;
    String code = header(response, "X-Error-Code").orElse("").toLowerCase(Locale.ROOT);
    throw new InputException(cannot + "; " + wayOut(status, code, name));
  }

  private String wayOut(int status, String code, ModelName name) {
    boolean gated = code.equals("gatedrepo");
    String licence = "accept its licence at " + endpoint + "/" + name.id();
    if (status == 401 || status == 403 || gated) {
      if (token.isEmpty()) {
        return (gated
                ? "it is gated: "
                : "there is no such directory here, and there it may not exist, be private, or be"
                    + " gated: check the name, ")
            + licence
            + " and set HF_TOKEN to a token of your account";
      }
      return (gated ? "it is gated: " : "its owner does not let the account of HF_TOKEN read it: ")
          + licence
          + " with that account, or set HF_TOKEN to a token that may read it";
    }
    if (status == 404) {
      return code.equals("revisionnotfound")
          ? "it has no revision " + name.revision() + "; name a branch, a tag or a commit"
          : "there is no such directory here, and no such model or revision there; check the name";
    }
    return "is HF_ENDPOINT right?";
  }

  private static Optional<String> header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name);
  }

  // ---- attempts

  private <T> T patiently(String what, Request<T> request) {
    int failures = 0;
    while (true) {
      try {
        return request.send();
      } catch (IOException e) {
        failures++;
        if (failures >= patience.attempts()) {
          throw gaveUp(what, failures, e);
        }
        pause(failures, e);
      }
    }
  }

  private static HubException gaveUp(String what, int failures, IOException last) {
    return new HubException(
        "Cannot "
            + what
            + ": "
            + reason(last)
            + (failures > 1 ? ", " + failures + " times in a row" : "")
            + "; check the network and HF_ENDPOINT and try again: what has arrived is kept",
        last);
  }

  private static String reason(IOException failure) {
    return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
  }

  private void pause(int failures, IOException failure) {
    Optional<Duration> asked =
        failure instanceof PassingException passing ? passing.pause : Optional.empty();
    Duration pause = asked.map(patience::shorter).orElseGet(() -> patience.pause(failures));
    notices.accept(
        endpoint + ": " + reason(failure) + "; trying again in " + pause.toSeconds() + " s");
    try {
      Thread.sleep(pause.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HubException("Interrupted while waiting for " + endpoint, e);
    }
  }
}
