// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.experiment;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Providers;
import dev.tributary.jobs.experiment.Tree.Mapping;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/**
 * Reads experiment files; on the driver. All that is wrong with a file is reported at once, each
 * fault with its line: {@code conf/a.yaml:14: adapter.rank = 0 is not valid; give 1 or more, e.g.
 * 8}.
 */
public final class ExperimentReader {
  private ExperimentReader() {}

  /**
   * Reads a file.
   *
   * @param file local path or URI of a Hadoop file system
   * @param overrides {@code key=value} each, in place of what the file says: {@code
   *     training.rounds=2}, {@code evaluation.tasks[0].limit=10}, {@code adapter={method: full}}
   * @throws ExperimentException with everything that is wrong
   * @throws InputException if there is no such file or it is not text
   */
  public static ExperimentFile read(String file, List<String> overrides) {
    return parse(text(file), file, overrides);
  }

  /**
   * As {@link #read}, of a text at hand.
   *
   * @param source what messages call the text
   */
  public static ExperimentFile parse(String text, String source, List<String> overrides) {
    Parsed<Experiment> parsed = parse(Experiment.class, text, source, overrides);
    return new ExperimentFile(source, parsed.tree(), parsed.record());
  }

  /** What a file gave: the record, and where each key stands. */
  record Parsed<R extends Record>(R record, Mapping tree) {}

  /** As the others, for any kind of record. */
  static <R extends Record> Parsed<R> parse(
      Class<R> type, String text, String source, List<String> overrides) {
    List<LocatedFault> faults = new ArrayList<>();
    Place top = new Place(source, 1);
    Optional<Tree> parsed = TreeParser.parse(text, source, faults);
    if (parsed.isEmpty() && !faults.isEmpty()) {
      throw new ExperimentException(faults); // where YAML ends, keys cannot be told
    }
    Tree tree = parsed.filter(t -> !t.isNothing()).orElse(new Mapping(Map.of(), top));
    if (!(tree instanceof Mapping)) {
      String kind = tree instanceof Tree.Sequence ? "a list" : "one value";
      String first = RecordReader.keys(type).get(0);
      faults.add(
          LocatedFault.at(
              tree.place(),
              "the file must hold a group of keys, not "
                  + kind
                  + "; begin with '"
                  + first
                  + ": '"));
      throw new ExperimentException(faults);
    }
    tree = put(tree, overrides, faults);
    Optional<R> record =
        new RecordReader(KnownKeys.of(type), faults)
            .read(type, tree, new RecordReader.Site(top, ""));
    if (!faults.isEmpty() || record.isEmpty()) {
      throw new ExperimentException(faults);
    }
    return new Parsed<>(record.get(), (Mapping) tree);
  }

  /**
   * Fills a record from {@code key=value} alone, as options of the command line give them.
   *
   * @throws ExperimentException with everything that is wrong
   */
  public static <R extends Record> R fill(Class<R> type, List<String> keyValues) {
    List<LocatedFault> faults = new ArrayList<>();
    Tree tree = put(new Mapping(Map.of(), Place.COMMAND_LINE), keyValues, faults);
    Optional<R> record =
        new RecordReader(KnownKeys.of(type), faults)
            .read(type, tree, new RecordReader.Site(Place.COMMAND_LINE, ""));
    if (!faults.isEmpty() || record.isEmpty()) {
      throw new ExperimentException(faults);
    }
    return record.get();
  }

  /**
   * Chooses something by {@code key=value} alone, e.g. a task by {@code name=gsm8k} and {@code
   * path=FILE}.
   *
   * @param kind what is chosen, e.g. {@code Task}
   * @throws ExperimentException with everything that is wrong
   */
  public static <T> Choice<T> choose(Class<T> kind, List<String> keyValues) {
    List<LocatedFault> faults = new ArrayList<>();
    Tree tree = put(new Mapping(Map.of(), Place.COMMAND_LINE), keyValues, faults);
    Optional<Choice<T>> choice =
        new RecordReader(KnownKeys.of(NoKeys.class), faults)
            .choose(kind, tree, new RecordReader.Site(Place.COMMAND_LINE, ""));
    if (!faults.isEmpty() || choice.isEmpty()) {
      throw new ExperimentException(faults);
    }
    return choice.get();
  }

  /** The keys that a record's components are. */
  public static List<String> keys(Class<? extends Record> type) {
    return RecordReader.keys(type);
  }

  /** Where a choice stands alone, there are no other groups that a key could belong to. */
  private record NoKeys() {}

  /** {@code key=value} for a value that is a text whatever it looks like. */
  public static String assignment(String key, String text) {
    return key + "=" + ExperimentWriter.quoted(text);
  }

  private static Tree put(Tree tree, List<String> overrides, List<LocatedFault> faults) {
    Tree changed = tree;
    for (String override : overrides) {
      Optional<KeyOverride> put = KeyOverride.parse(override, faults);
      if (put.isPresent()) {
        changed = put.get().applyTo(changed, faults);
      }
    }
    return changed;
  }

  private static String text(String file) {
    try {
      byte[] bytes = bytes(file);
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new InputException(
          "Cannot read " + file + ": it is not UTF-8 text; give an experiment file (YAML)", e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static byte[] bytes(String file) throws IOException {
    if (file.matches("[A-Za-z][A-Za-z0-9+.-]+:/.*")) {
      try (FileSystem fs = FileSystem.newInstance(URI.create(file), new Configuration());
          InputStream in = fs.open(new org.apache.hadoop.fs.Path(file))) {
        return in.readAllBytes();
      } catch (java.io.FileNotFoundException e) {
        throw new InputException("Cannot read " + file + ": there is no such file; check it", e);
      }
    }
    Path path;
    try {
      path = Path.of(file);
    } catch (InvalidPathException e) {
      throw new InputException("Cannot read " + file + ": that is no path; check it", e);
    }
    if (Files.isDirectory(path)) {
      Path inside = path.resolve("experiment.yaml");
      throw new InputException(
          "Cannot read "
              + file
              + ": it is a folder; give an experiment file"
              + (Files.isRegularFile(inside) ? ", e.g. " + inside : ""));
    }
    if (!Files.exists(path)) {
      throw new InputException(
          "Cannot read "
              + file
              + ": there is no such file; "
              + near(path).map(n -> "did you mean " + n + "?").orElse("check the path"));
    }
    return Files.readAllBytes(path);
  }

  private static Optional<Path> near(Path path) throws IOException {
    Path parent = path.getParent();
    Path folder = parent == null ? Path.of("") : parent;
    Path name = path.getFileName();
    if (name == null || !Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (Stream<Path> there = Files.list(folder)) {
      List<String> names =
          there
              .map(Path::getFileName)
              .map(Path::toString)
              .filter(n -> n.endsWith(".yaml") || n.endsWith(".yml"))
              .toList();
      return Providers.nearest(name.toString(), names)
          .map(n -> parent == null ? Path.of(n) : parent.resolve(n));
    }
  }
}
