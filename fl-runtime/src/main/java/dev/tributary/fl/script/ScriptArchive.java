// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.script;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a TorchScript archive: a zip with one module, {@code __torch__.Model}, as source text.
 *
 * <p>The pickle in it, which libtorch's own restricted reader reads, says no more than "a Model
 * whose lists are empty".
 */
final class ScriptArchive {
  private ScriptArchive() {}

  /**
   * @param lists attributes of type {@code List[Tensor]}, empty at the start
   */
  static void write(Path file, String source, List<String> lists) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      store(zip, "model/data.pkl", pickledModel(lists));
      store(zip, "model/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
      store(zip, "model/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'}); // an empty tuple
      store(zip, "model/version", "10\n".getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static byte[] pickledModel(List<String> lists) throws IOException {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.write(new byte[] {(byte) 0x80, 2, 'c'}); // PROTO 2, GLOBAL
    pickle.write("__torch__\nModel\n".getBytes(StandardCharsets.US_ASCII));
    pickle.write(new byte[] {')', (byte) 0x81, '}', '('}); // EMPTY_TUPLE NEWOBJ EMPTY_DICT MARK
    text(pickle, "training");
    pickle.write(0x89); // NEWFALSE
    for (String list : lists) {
      text(pickle, list);
      pickle.write(']'); // EMPTY_LIST
    }
    pickle.write(new byte[] {'u', 'b', '.'}); // SETITEMS BUILD STOP
    return pickle.toByteArray();
  }

  private static void text(ByteArrayOutputStream pickle, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    pickle.write('X'); // BINUNICODE, four bytes of length
    for (int shift = 0; shift < 32; shift += 8) {
      pickle.write(bytes.length >> shift);
    }
    pickle.write(bytes);
  }

  /** libtorch reads entries that are not compressed. */
  private static void store(ZipOutputStream zip, String name, byte[] data) throws IOException {
    CRC32 crc = new CRC32();
    crc.update(data);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setCrc(crc.getValue());
    entry.setSize(data.length);
    entry.setCompressedSize(data.length);
    zip.putNextEntry(entry);
    zip.write(data);
    zip.closeEntry();
  }
}
