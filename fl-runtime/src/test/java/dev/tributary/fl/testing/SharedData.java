// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * Real corpora, checkpoints and recorded outputs that are not part of the repository: {@code
 * -Dtributary.shared=DIR}. Without them a test is skipped with the reason; with {@code
 * -Dtributary.shared.required=true} it fails instead.
 */
public final class SharedData {
  private SharedData() {}

  /** The file or folder, or the end of the test. */
  public static Path path(String relative) {
    return present("tributary.shared", relative);
  }

  /** SmolLM2-135M as a Hugging Face directory: {@code -Dtributary.smollm2=DIR}. */
  public static Path smolLm2() {
    return present("tributary.smollm2", "");
  }

  private static Path present(String property, String relative) {
    String root = System.getProperty(property, "");
    Path path = Path.of(root).resolve(relative);
    if (root.isEmpty() || !Files.exists(path)) {
      String reason = "needs " + relative + " below -D" + property + "=DIR, now '" + root + "'";
      if (Boolean.getBoolean("tributary.shared.required")) {
        Assertions.fail(reason);
      }
      Assumptions.abort(reason);
    }
    return path;
  }
}
