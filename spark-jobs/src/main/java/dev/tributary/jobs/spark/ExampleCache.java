// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.text.EncodedExample;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Clients' examples that this JVM has read, so that a client's next round need not read them again.
 * Those not asked for longest make way beyond a bound; what a task holds stays with the task.
 */
final class ExampleCache {
  /** 64 MB of token ids. */
  static final ExampleCache OF_THIS_JVM = new ExampleCache(16 << 20);

  private record Key(String source, String split, int client) {}

  private final long mostTokens;
  private final Map<Key, List<EncodedExample>> byClient = new LinkedHashMap<>(16, 0.75f, true);
  private long tokens;

  ExampleCache(long mostTokens) {
    this.mostTokens = mostTokens;
  }

  List<EncodedExample> of(ExampleSource source, String split, int client) {
    Key key = new Key(source.key(), split, client);
    synchronized (this) {
      List<EncodedExample> known = byClient.get(key);
      if (known != null) {
        return known;
      }
    }
    List<EncodedExample> read = List.copyOf(source.read(split, client)); // tasks read side by side
    synchronized (this) {
      if (byClient.putIfAbsent(key, read) == null) {
        tokens += size(read);
      }
      while (tokens > mostTokens) {
        Key eldest = byClient.keySet().iterator().next();
        tokens -= size(byClient.remove(eldest));
      }
    }
    return read;
  }

  private static long size(List<EncodedExample> examples) {
    return examples.stream().mapToLong(e -> 16 + e.tokens().length).sum();
  }
}
