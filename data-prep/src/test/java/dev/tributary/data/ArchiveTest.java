// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArchiveTest {
  @TempDir private Path scratch;

  private final Map<String, byte[]> entries = new LinkedHashMap<>();

  /** As CodeSearchNet is published, with what archives hold besides. */
  @BeforeEach
  void fill() throws IOException {
    for (String language : List.of("go", "php")) {
      for (String partition : List.of("train", "test")) {
        for (int shard = 0; shard < 2; shard++) {
          entries.put(
              "%1$s/final/jsonl/%2$s/%1$s_%2$s_%3$d.jsonl.gz".formatted(language, partition, shard),
              gzip(functions(language, partition + shard)));
        }
      }
    }
    entries.put("README.md", "about".getBytes(StandardCharsets.UTF_8));
    entries.put("__MACOSX/go/._go_train_0.jsonl", new byte[] {0, 5, 22, 7});
  }

  @Test
  void readsAnArchiveAsItReadsTheFolder() throws IOException {
    Path folder = scratch.resolve("folder");
    for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
      Path file = folder.resolve(entry.getKey());
      Files.createDirectories(file.getParent());
      Files.write(file, entry.getValue());
    }
    Map<String, String> places = Splits.places(prepare(folder, "from folder"));
    assertThat(places).hasSize(2 * 2 * 10);

    Path zip = Files.write(scratch.resolve("csn.zip"), zip(entries));
    SplitDirectory split = prepare(zip, "from zip");
    assertThat(Splits.places(split)).isEqualTo(places);
    assertThat(split.manifest().corpus().files()).hasSize(1);
    assertThat(Splits.places(prepare(write("csn.tar", tar(entries)), "from tar")))
        .isEqualTo(places);
    assertThat(Splits.places(prepare(write("csn.tgz", gzip(tar(entries))), "from tgz")))
        .isEqualTo(places);
    assertThat(
            Splits.places(
                prepare(write("outer.zip", zip(Map.of("a/csn.tar.gz", gzip(tar(entries))))), "in")))
        .isEqualTo(places);
    // nothing of the unpacked files is left
    try (Stream<Path> left = Files.list(scratch.resolve("from zip"))) {
      assertThat(left.map(path -> path.getFileName().toString()).sorted())
          .containsExactly("examples", "manifest.json");
    }
    assertThat(Splits.places(prepare(zip, "from zip"))).isEqualTo(places); // reused
  }

  @Test
  void namesTheFileInTheArchive() throws IOException {
    Path zip =
        write(
            "csn.zip",
            zip(
                Map.of(
                    "go/final/jsonl/train/go_train_0.jsonl",
                    "{}\n".getBytes(StandardCharsets.UTF_8))));
    assertThatThrownBy(() -> prepare(zip, "broken"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            zip + "!/go/final/jsonl/train/go_train_0.jsonl:1: field 'docstring' is missing");
  }

  @Test
  void refusesEntriesThatWouldLeaveTheirFolder() throws IOException {
    for (String name : List.of("../x.jsonl", "a/../../x.jsonl", "/x.jsonl", "C:\\x.jsonl")) {
      Path tar = write("evil.tar", tar(Map.of(name, new byte[0])));
      assertThatThrownBy(() -> prepare(tar, "evil"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("evil.tar: the archive has an entry '")
          .hasMessageContaining("which would leave its folder");
    }
    assertThat(scratch.resolve("x.jsonl")).doesNotExist();
  }

  @Test
  void followsNoLinks() throws IOException {
    Path secret = write("secret.jsonl", functions("go", "secret"));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
      TarArchiveEntry link = new TarArchiveEntry("link.jsonl", TarConstants.LF_SYMLINK);
      link.setLinkName(secret.toString());
      out.putArchiveEntry(link);
      out.closeArchiveEntry();
    }
    Path tar = write("links.tar", bytes.toByteArray());
    assertThatThrownBy(() -> prepare(tar, "links"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the archive holds no file");
  }

  @Test
  void refusesBombsCutArchivesAndDeepNesting() throws IOException {
    byte[] blank = new byte[300 << 20];
    Arrays.fill(blank, (byte) '\n');
    Path bomb = write("bomb.zip", zip(Map.of("a.jsonl", blank)));
    assertThatThrownBy(() -> prepare(bomb, "bomb"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the archive has expanded to more than 1000 times its size");

    byte[] whole = zip(entries);
    Path cut = write("cut.zip", Arrays.copyOf(whole, whole.length / 2));
    assertThatThrownBy(() -> prepare(cut, "cut"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("cut.zip: the zip archive is damaged");
    byte[] tar = gzip(tar(entries));
    Path cutTar = write("cut.tar.gz", Arrays.copyOf(tar, tar.length / 2));
    assertThatThrownBy(() -> prepare(cutTar, "cut tar"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("cut.tar.gz: the gzip file is cut off");

    Path deep = write("deep.zip", zip(Map.of("b.zip", zip(Map.of("c.zip", zip(entries))))));
    assertThatThrownBy(() -> prepare(deep, "deep"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("the archive holds another, c.zip, and lies in one itself");
  }

  private SplitDirectory prepare(Path path, String output) {
    return Splits.prepare(
        Splits.config(Splits.codeSearchNet(List.of("train"), 1), path, Splits.meta(0)),
        1,
        scratch.resolve(output));
  }

  private Path write(String name, byte[] content) throws IOException {
    return Files.write(scratch.resolve(name), content);
  }

  private static byte[] functions(String language, String what) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 10; i++) {
      lines.append(
          "{\"docstring\": \"%1$s %3$d\", \"language\": \"%2$s\", \"code\": \"f()\"}\n"
              .formatted(what, language, i));
    }
    return lines.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  private static byte[] zip(Map<String, byte[]> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipArchiveOutputStream out = new ZipArchiveOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        out.putArchiveEntry(new ZipArchiveEntry(entry.getKey()));
        out.write(entry.getValue());
        out.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] tar(Map<String, byte[]> entries) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        TarArchiveEntry header = new TarArchiveEntry(entry.getKey(), true);
        header.setSize(entry.getValue().length);
        out.putArchiveEntry(header);
        out.write(entry.getValue());
        out.closeArchiveEntry();
      }
    }
    return bytes.toByteArray();
  }
}
