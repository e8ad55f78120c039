// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where models come from, by the environment variables of Hugging Face's libraries.
 *
 * <p>One differs: without {@code HF_ENDPOINT} nothing is fetched, so that a typing error in a path
 * never becomes a request to somebody else's machine.
 *
 * @param cache folder of the cache: {@code HF_HUB_CACHE}, or {@code hub} in {@code HF_HOME}, or in
 *     {@code huggingface} of {@code XDG_CACHE_HOME} or {@code ~/.cache}
 * @param endpoint the hub, without a slash at its end: {@code HF_ENDPOINT}
 * @param offline nothing is fetched: {@code HF_HUB_OFFLINE}
 * @param token shown to the hub and nobody else: {@code HF_TOKEN}, or what stands in {@code
 *     HF_TOKEN_PATH} or {@code HF_HOME/token}
 */
public record HubSettings(
    Path cache, Optional<URI> endpoint, boolean offline, Optional<String> token) {
  private static final Set<String> TRUE = Set.of("1", "on", "yes", "true");

  /**
   * Reads them.
   *
   * @param environment variables by name; empty ones count as not set
   * @param home the user's directory
   * @throws InputException if one cannot be used
   */
  public static HubSettings of(Map<String, String> environment, Path home) {
    Path caches = path(environment, "XDG_CACHE_HOME", home).orElse(home.resolve(".cache"));
    Path own = path(environment, "HF_HOME", home).orElse(caches.resolve("huggingface"));
    Path cache =
        path(environment, "HF_HUB_CACHE", home)
            .or(() -> path(environment, "HUGGINGFACE_HUB_CACHE", home)) // its name before
            .orElse(own.resolve("hub"));
    Path tokenFile = path(environment, "HF_TOKEN_PATH", home).orElse(own.resolve("token"));
    return new HubSettings(
        cache.toAbsolutePath().normalize(),
        text(environment, "HF_ENDPOINT").map(HubSettings::endpoint),
        text(environment, "HF_HUB_OFFLINE")
            .filter(value -> TRUE.contains(value.toLowerCase(Locale.ROOT)))
            .isPresent(),
        text(environment, "HF_TOKEN")
            .or(() -> text(environment, "HUGGING_FACE_HUB_TOKEN"))
            .or(() -> read(tokenFile))
            .map(HubSettings::token));
  }

  /** Whether there is a hub that may be asked. */
  public boolean mayFetch() {
    return endpoint.isPresent() && !offline;
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "HubSettings[cache=" + cache + ", endpoint=" + endpoint + ", offline=" + offline + "]";
  }

  private static URI endpoint(String text) {
    try {
      URI uri = new URI(text.replaceAll("/+$", ""));
      boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (web && uri.getHost() != null && uri.getQuery() == null && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      throw new InputException(wrongEndpoint(text), e);
    }
    throw new InputException(wrongEndpoint(text));
  }

  private static String wrongEndpoint(String text) {
    return "HF_ENDPOINT = " + text + " is not valid; give the address of a hub, https://HOST";
  }

  /** Neither is the token shown where it is wrong. */
  private static String token(String text) {
    if (!text.matches("\\p{Graph}+")) {
      throw new InputException(
          "The token of HF_TOKEN or of its file is not valid: it has spaces or control characters;"
              + " give the token alone");
    }
    return text;
  }

  private static Optional<String> read(Path file) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
    } catch (IOException e) {
      throw new InputException(
          "Cannot read the token in " + file + " (" + e.getMessage() + "); set HF_TOKEN instead",
          e);
    }
  }

  private static Optional<String> text(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  private static Optional<Path> path(Map<String, String> environment, String name, Path home) {
    return text(environment, name)
        .map(
            text ->
                text.equals("~") || text.startsWith("~/")
                    ? home.resolve(text.substring(Math.min(2, text.length())))
                    : Path.of(text));
  }
}
