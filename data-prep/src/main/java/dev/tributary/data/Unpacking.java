// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import dev.tributary.data.Compression.DamagedException;
import dev.tributary.data.CorpusFiles.CorpusFile;
import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Takes the files that a corpus reads out of archives, so that tasks can share them out like any
 * others; an archive in an archive is unpacked too, one in that is refused. A zip's entries are
 * shared out among tasks, a tar is one task's.
 *
 * @param folder where files are put; the caller removes it
 */
record Unpacking(
    JavaSparkContext spark,
    Choice<Corpus> corpus,
    HadoopSettings settings,
    int tasks,
    Path folder) {
  static final Pattern ARCHIVE =
      Pattern.compile(".*\\.(zip|tar|tgz|tbz2|txz|tzst|tar\\.(gz|bz2|xz|zst))");

  /** Some of an archive's entries. */
  private record Slice(int archive, int number, int count) implements Serializable {}

  /**
   * A plain class, as it is a task's result: Kryo, where a cluster is set to it, cannot read
   * records.
   */
  private static final class Entry implements Serializable {
    private static final long serialVersionUID = 1;

    private final String name;
    private final String location;
    private final long bytes;
    private final long modifiedMillis;
    private final boolean damaged;

    Entry(String name, String location, long bytes, long modifiedMillis, boolean damaged) {
      this.name = name;
      this.location = location;
      this.bytes = bytes;
      this.modifiedMillis = modifiedMillis;
      this.damaged = damaged;
    }
  }

  /**
   * The same files, with archives' entries in the place of archives.
   *
   * @throws InputException if an archive cannot be trusted
   */
  CorpusFiles of(CorpusFiles files) {
    List<CorpusFile> all = new ArrayList<>();
    List<CorpusFile> archives = new ArrayList<>();
    for (CorpusFile file : files.files()) {
      (isArchive(file) ? archives : all).add(file);
    }
    List<CorpusFile> nested = new ArrayList<>();
    for (CorpusFile entry : unpacked(archives, 0)) { // taken out by its name
      (ARCHIVE.matcher(entry.name()).matches() ? nested : all).add(entry);
    }
    all.addAll(unpacked(nested, 1));
    if (all.isEmpty()) {
      throw new InputException(
          "data.path is not valid; the archive holds no file "
              + corpus.create().format().files()
              + " that this corpus reads: name another");
    }
    return new CorpusFiles(all);
  }

  private List<CorpusFile> unpacked(List<CorpusFile> archives, int depth) {
    List<CorpusFile> all = new ArrayList<>();
    List<Slice> slices = new ArrayList<>();
    for (int i = 0; i < archives.size(); i++) {
      int count = kind(archives.get(i)) == Archive.Kind.ZIP ? tasks : 1;
      for (int number = 0; number < count; number++) {
        slices.add(new Slice(i, number, count));
      }
    }
    if (slices.isEmpty()) {
      return all;
    }
    Task task = new Task(List.copyOf(archives), corpus, settings, folder.toString(), depth);
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < slices.size(); i++) {
      numbers.add(i);
    }
    List<Slice> those = List.copyOf(slices);
    List<Entry> entries =
        spark
            .parallelize(numbers, numbers.size())
            .flatMap(number -> task.unpacked(those.get(number)).iterator())
            .collect();
    for (Entry entry : entries) {
      if (entry.damaged) {
        throw new InputException(entry.name);
      }
      all.add(new CorpusFile(entry.location, entry.name, entry.bytes, entry.modifiedMillis));
    }
    return all;
  }

  private boolean isArchive(CorpusFile file) {
    return kind(file) != Archive.Kind.NONE;
  }

  private Archive.Kind kind(CorpusFile file) {
    return kind(file, settings.configuration());
  }

  private static Archive.Kind kind(CorpusFile file, Configuration hadoop) {
    try {
      return Archive.kind(file, compression(file, hadoop), hadoop);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file.name(), e);
    }
  }

  private static Compression compression(CorpusFile file, Configuration hadoop) throws IOException {
    try (FSDataInputStream in = CorpusFiles.open(file, hadoop)) {
      return Compression.of(in.readNBytes(Compression.TOLD_BY_BYTES));
    }
  }

  /** On executors. */
  private record Task(
      List<CorpusFile> archives,
      Choice<Corpus> corpus,
      HadoopSettings settings,
      String folder,
      int depth)
      implements Serializable {
    List<Entry> unpacked(Slice slice) throws IOException {
      CorpusFile file = archives.get(slice.archive());
      Configuration hadoop = settings.configuration();
      Compression compression = compression(file, hadoop);
      Corpus reader = corpus.create();
      List<Entry> entries = new ArrayList<>();
      try (Archive archive =
          Archive.open(
              Archive.kind(file, compression, hadoop),
              compression,
              CorpusFiles.open(file, hadoop),
              file.bytes())) {
        Optional<String> name = archive.next();
        for (int place = 0; name.isPresent(); place++, name = archive.next()) {
          String path = "/" + name.get();
          boolean nested = ARCHIVE.matcher(path).matches();
          if (nested && depth > 0) {
            throw new DamagedException(
                "the archive holds another, " + name.get() + ", and lies in one itself");
          }
          boolean wanted = nested || CorpusFiles.isRead(path, reader);
          if (wanted && place % slice.count() == slice.number()) {
            Path target =
                new Path(folder, depth + "-" + slice.archive() + "-" + place + "-" + hash(file));
            entries.add(copied(archive, target, file, name.get(), hadoop));
          }
        }
      } catch (DamagedException e) {
        return List.of(
            new Entry(
                file.name() + ": " + e.getMessage() + "; unpack it by hand, or fetch it again",
                "",
                0,
                0,
                true));
      }
      return entries;
    }

    /** Tells apart archives of the same number. */
    private static String hash(CorpusFile file) {
      return Integer.toHexString(file.name().hashCode());
    }

    private static Entry copied(
        Archive archive, Path target, CorpusFile file, String name, Configuration hadoop)
        throws IOException {
      FileSystem system = target.getFileSystem(hadoop);
      try (OutputStream out = system.create(target, true)) { // another attempt begins anew
        archive.copy(out);
      }
      return new Entry(
          file.name() + "!/" + name,
          system.makeQualified(target).toString(),
          system.getFileStatus(target).getLen(),
          file.modifiedMillis(),
          false);
    }
  }
}
