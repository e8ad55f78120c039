// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;

/**
 * Notes of where splits lie, so that one finds another that was made of the same corpus in the same
 * way: then only who holds what is new, and neither the corpus is read nor are its examples
 * tokenised again. A folder with a folder for each kind of examples, and a file in it for each
 * split.
 *
 * <p>Nothing hangs on the notes: they may be removed at any time, and one that leads to a split
 * that is gone or has become another is passed over. Used by the driver.
 */
final class KnownSplits {
  private final Optional<Path> folder;
  private final Configuration hadoop;
  private final Consumer<String> log;

  /**
   * @param folder of the notes; empty: none are kept
   * @param log told what cannot be noted
   */
  KnownSplits(Optional<String> folder, Configuration hadoop, Consumer<String> log) {
    this.folder = folder.map(Path::new);
    this.hadoop = hadoop;
    this.log = log;
  }

  /**
   * What makes examples the same before they are dealt out.
   *
   * @param seed of importance only where a part of the corpus is drawn
   * @param drawn whether that is so
   */
  static String key(
      Manifest.Source corpus,
      String brokenRecords,
      Map<String, Object> clean,
      long seed,
      boolean drawn) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("version", Manifest.VERSION);
    all.put("corpus", corpus.settings());
    all.put("content", corpus.contentSha256());
    all.put("broken-records", brokenRecords);
    all.put("clean", clean);
    all.put("seed", drawn ? seed : 0);
    JsonNode tree = Manifest.tree(all);
    byte[] digest =
        FileSource.sha256Digest().digest(tree.toString().getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest).substring(0, 32);
  }

  /** Notes where a split lies; where that cannot be written, others will not find it. */
  void remember(String key, SplitDirectory split) {
    if (folder.isEmpty()) {
      return;
    }
    Path notes = new Path(folder.get(), key);
    Path note = new Path(notes, name(split.path()));
    try {
      Storage storage = Storage.of(notes, hadoop);
      if (!storage.system().exists(note)) {
        storage.system().mkdirs(notes);
        storage.writeNew(note, split.path() + "\n");
      }
    } catch (IOException e) {
      if (!isThere(note)) { // unless another preparation of this split was faster
        log.accept("Other splits of this corpus will not find this one: " + e.getMessage());
      }
    }
  }

  private boolean isThere(Path note) {
    try {
      return Storage.of(note, hadoop).system().exists(note);
    } catch (IOException e) {
      return false;
    }
  }

  /** Splits with the same examples, whoever holds them there; looked up one by one. */
  Stream<SplitDirectory> alike(String key) {
    if (folder.isEmpty()) {
      return Stream.empty();
    }
    Path notes = new Path(folder.get(), key);
    List<FileStatus> all;
    try {
      all = Storage.of(notes, hadoop).children(notes);
    } catch (IOException e) {
      log.accept("Other splits of this corpus cannot be looked up: " + e.getMessage());
      return Stream.empty();
    }
    return all.stream()
        .map(FileStatus::getPath)
        .filter(note -> !note.getName().startsWith("."))
        .flatMap(note -> readable(note).stream())
        .filter(split -> split.key().equals(key));
  }

  private Optional<SplitDirectory> readable(Path note) {
    try {
      Optional<String> path = Storage.of(note, hadoop).text(note).map(String::strip);
      return path.isEmpty() ? Optional.empty() : SplitDirectory.find(path.get(), hadoop);
    } catch (IOException
        | InputException
        | UncheckedIOException
        | IllegalArgumentException e) { // damaged, of another version, out of reach, no path at all
      return Optional.empty();
    }
  }

  private static String name(String path) {
    byte[] digest = FileSource.sha256Digest().digest(path.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest).substring(0, 16);
  }
}
