// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import dev.tributary.fl.model.Checkpoint;
import dev.tributary.fl.model.SafetensorsFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the script finds each weight: in a file that it maps, or among tensors handed over.
 *
 * <p>A file is mapped as an array of one element type, so a tensor must begin at a multiple of its
 * element's size; one that does not (the format allows it) is read by Java. A file with tensors of
 * two types is mapped twice, which costs address space only.
 */
final class StoredWeights {
  private record Mapping(Path file, int type, long elements) {}

  private final List<Mapping> mappings = new ArrayList<>();
  private final List<String> copied = new ArrayList<>();
  private final List<long[]> places = new ArrayList<>();

  /**
   * @param names the parameters, in the order that the script wants them; empty where the model has
   *     none
   */
  StoredWeights(Checkpoint checkpoint, List<String> names) {
    for (String name : names) {
      if (name.isEmpty()) {
        places.add(new long[] {-2, 0, 0, 0});
        continue;
      }
      Checkpoint.Stored stored = checkpoint.parameters().get(name);
      if (stored == null) {
        throw new IllegalArgumentException("The checkpoint has no parameter " + name);
      }
      SafetensorsFile.Entry entry = stored.entry();
      long bytes = entry.type().bytes();
      long rows = entry.shape().get(0);
      long columns = entry.shape().size() > 1 ? entry.shape().get(1) : 0;
      if (entry.offset() % bytes == 0) {
        long end = (entry.offset() + entry.bytes()) / bytes;
        int file = mapping(stored.path().toAbsolutePath(), ComputeType.stored(entry.type()), end);
        places.add(new long[] {file, entry.offset() / bytes, rows, columns});
      } else {
        if (!copied.contains(name)) { // a tied head is the embedding again
          copied.add(name);
        }
        places.add(new long[] {-1, 0, rows, columns});
      }
    }
  }

  private int mapping(Path file, int type, long end) {
    for (int i = 0; i < mappings.size(); i++) {
      Mapping known = mappings.get(i);
      if (known.file().equals(file) && known.type() == type) {
        mappings.set(i, new Mapping(file, type, Math.max(end, known.elements())));
        return i;
      }
    }
    mappings.add(new Mapping(file, type, end));
    return mappings.size() - 1;
  }

  /** Statements that put the mapped files into the script's list {@code files}. */
  String statements() {
    List<String> lines = new ArrayList<>();
    for (Mapping mapping : mappings) {
      lines.add(
          "files.append(torch.from_file(\""
              + escaped(mapping.file().toString())
              + "\", False, "
              + mapping.elements()
              + ", dtype="
              + mapping.type()
              + "))");
    }
    return lines.isEmpty() ? "pass" : String.join("\n    ", lines);
  }

  /**
   * Per weight: mapping (-1: the next of {@link #copied}, -2: none), first element, rows, columns.
   */
  long[] places() {
    return places.stream().flatMapToLong(java.util.Arrays::stream).toArray();
  }

  /** Parameters that must be handed over, in order. */
  List<String> copied() {
    return copied;
  }

  /** Bytes other than plain ones as octal escapes, which the script's lexer knows. */
  private static String escaped(String path) {
    StringBuilder text = new StringBuilder();
    for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '-' && c <= '9') || c == '_';
      text.append(plain ? Character.toString(c) : String.format("\\%03o", (int) c));
    }
    return text.toString();
  }
}
