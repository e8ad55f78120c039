// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

  /**
   * @param folder of the notes; empty: none are kept
   */
  KnownSplits(Optional<String> folder, Configuration hadoop) {
    this.folder = folder.map(Path::new);
    this.hadoop = hadoop;
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

  /** Notes where a split lies. */
  void remember(String key, SplitDirectory split) {
    if (folder.isEmpty()) {
      return;
    }
    Path notes = new Path(folder.get(), key);
    try {
      Storage storage = Storage.of(notes, hadoop);
      Path note = new Path(notes, name(split.path()));
      if (!storage.system().exists(note)) {
        storage.system().mkdirs(notes);
        storage.writeNew(note, split.path() + "\n");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot note the split in " + notes, e);
    }
  }

  /** Splits with the same examples, whoever holds them there; those that can still be read. */
  List<SplitDirectory> alike(String key) {
    if (folder.isEmpty()) {
      return List.of();
    }
    Path notes = new Path(folder.get(), key);
    try {
      Storage storage = Storage.of(notes, hadoop);
      List<SplitDirectory> alike = new ArrayList<>();
      for (FileStatus note : storage.children(notes)) {
        if (!note.getPath().getName().startsWith(".")) {
          Optional<String> path = storage.text(note.getPath()).map(String::strip);
          path.flatMap(this::readable)
              .filter(split -> split.key().equals(key))
              .ifPresent(alike::add);
        }
      }
      return alike;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the notes in " + notes, e);
    }
  }

  private Optional<SplitDirectory> readable(String path) {
    try {
      return SplitDirectory.find(path, hadoop);
    } catch (InputException | UncheckedIOException e) {
      return Optional.empty(); // of another version, damaged or out of reach: no help to anybody
    }
  }

  private static String name(String path) {
    byte[] digest = FileSource.sha256Digest().digest(path.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest).substring(0, 16);
  }
}
