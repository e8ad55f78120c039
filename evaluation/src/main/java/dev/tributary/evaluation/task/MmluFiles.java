// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation.task;

import dev.tributary.evaluation.BenchmarkFiles;
import dev.tributary.fl.config.InputException;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * Where MMLU's files lie: in the folders {@code test} and {@code dev} below a folder or in a zip of
 * it, or beside each other.
 *
 * @param files opens them
 * @param above the folder of {@code test} and {@code dev}, with a slash at its end; empty in a zip
 * @param beside where files are looked for that are not in those, with a slash at its end
 * @param only the one subject that is asked; empty for all
 */
record MmluFiles(BenchmarkFiles files, String above, String beside, String only) {
  private static final String TEST = "_test.csv";

  /**
   * @param path a folder, the folder {@code test}, a file of it, or a zip
   */
  static MmluFiles of(BenchmarkFiles files, String path) {
    String plain = path.replaceAll("/+$", "");
    if (plain.toLowerCase(Locale.ROOT).endsWith(".zip")) {
      return new MmluFiles(unpacked(files, plain), "", "", "");
    }
    if (plain.endsWith(TEST)) {
      int name = plain.lastIndexOf('/') + 1;
      String folder = name == 0 ? "./" : plain.substring(0, name);
      String subject = plain.substring(name, plain.length() - TEST.length());
      return new MmluFiles(files, folder + "../", folder, subject);
    }
    boolean isTest = plain.endsWith("/test") || plain.equals("test");
    return new MmluFiles(files, plain + (isTest ? "/../" : "/"), plain + "/", "");
  }

  boolean has(String part, String subject) {
    if (!only.isEmpty() && !only.equals(subject)) {
      return false;
    }
    return there(path(part, subject));
  }

  /** Its path for {@link #files}, whether or not it is there. */
  String path(String part, String subject) {
    String name = subject + "_" + part + ".csv";
    String usual = above + part + "/" + name;
    return there(usual) || !there(beside + name) ? usual : beside + name;
  }

  private boolean there(String path) {
    try (InputStream found = files.open(path)) {
      return found != null;
    } catch (IOException e) {
      return false;
    }
  }

  /** Entries by what follows the folder that all are in. */
  private static BenchmarkFiles unpacked(BenchmarkFiles files, String path) {
    Map<String, byte[]> entries = new HashMap<>();
    try (ZipInputStream zip = new ZipInputStream(files.open(path))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        String name = entry.getName();
        if (name.matches("(.*/)?(test|dev)/[^/]+\\.csv")) {
          entries.put(name.replaceFirst(".*/(?=(test|dev)/)", ""), zip.readAllBytes());
        }
      }
    } catch (IOException e) {
      throw new InputException("Cannot read " + path + ": " + e.getMessage(), e);
    }
    return name -> {
      byte[] bytes = entries.get(name);
      if (bytes == null) {
        throw new FileNotFoundException(path + " has no " + name);
      }
      return new ByteArrayInputStream(bytes);
    };
  }
}
