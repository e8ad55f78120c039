// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tributary.jobs.progress.PlainProgress;
import dev.tributary.jobs.progress.Progress;
import dev.tributary.jobs.progress.TerminalProgress;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Where a command writes: results to standard output, all else to standard error. */
record Console(PrintStream out, PrintStream err) {
  /** Width of the terminal that standard error is; the launcher sets it where it is one. */
  private static final String COLUMNS = "tributary.columns";

  private static final ObjectMapper JSON = new ObjectMapper();

  Progress progress() {
    Integer columns = Integer.getInteger(COLUMNS);
    return columns == null || columns < 20
        ? new PlainProgress(err)
        : new TerminalProgress(err, columns);
  }

  /** Writes a result for people. */
  void print(String text) {
    out.println(text);
  }

  /** Writes a result for programs; nothing follows it on standard output. */
  void json(String command, double seconds, Map<String, ?> result) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("command", command);
    all.putAll(result);
    all.put("seconds", Math.round(seconds * 1000) / 1000.0);
    out.println(line(all));
    out.flush();
  }

  /** A JSON object on one line; an empty {@code Optional} is null. */
  static String line(Map<String, ?> values) {
    try {
      return JSON.writeValueAsString(plain(values));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("results are texts, numbers and maps of them", e);
    }
  }

  private static @Nullable Object plain(@Nullable Object value) {
    if (value instanceof Optional<?> optional) {
      return plain(optional.orElse(null));
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, @Nullable Object> plain = new LinkedHashMap<>();
      map.forEach((key, inner) -> plain.put(String.valueOf(key), plain(inner)));
      return plain;
    }
    return value instanceof List<?> list
        ? list.stream().map(Console::plain).collect(Collectors.toList())
        : value;
  }
}
