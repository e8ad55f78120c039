// SPDX-License-Identifier: Apache-2.0
package dev.tributary.evaluation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opens files by the paths of an experiment file; jobs put a cluster's file systems behind it. */
public interface BenchmarkFiles {
  /** Bytes of a file; the caller closes them. */
  InputStream open(String path) throws IOException;

  /** Files of this machine. */
  static BenchmarkFiles local() {
    return path -> Files.newInputStream(Path.of(path));
  }
}
