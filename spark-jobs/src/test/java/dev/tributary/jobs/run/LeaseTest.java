// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
  @TempDir private Path directory;
  private Path file;
  private FileSystem files;

  @BeforeEach
  void open() throws IOException {
    file = directory.resolve("lease");
    files = FileSystem.getLocal(new Configuration()).getRaw();
  }

  @Test
  void letsOneProcessWriteAtATime() {
    try (Lease first = take()) {
      assertThat(first).isNotNull();
      assertThatThrownBy(this::take)
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(
              "Cannot write run directory "
                  + directory
                  + ": process "
                  + ProcessHandle.current().pid())
          .hasMessageEndingWith(
              " is writing it; wait for it, give another output, or, if that process is no more,"
                  + " delete "
                  + file);
    }
    take().close();
    assertThat(file).doesNotExist();
  }

  @Test
  void takesOverWhatADeadProcessOfThisMachineLeft() throws IOException {
    Files.writeString(
        file,
        InetAddress.getLocalHost().getHostName() + " 999999999 2020-01-01T00:00:00Z some-id\n");
    try (Lease lease = take()) {
      assertThat(lease).isNotNull();
      assertThat(file).content().contains(" " + ProcessHandle.current().pid() + " ");
    }
  }

  @Test
  void takesALaterProcessOfTheSameNumberForAnotherOne() throws IOException {
    Files.writeString(
        file,
        InetAddress.getLocalHost().getHostName()
            + " "
            + ProcessHandle.current().pid()
            + " 2020-01-01T00:00:00Z some-id\n");
    take().close();
    assertThat(file).doesNotExist();
  }

  @Test
  void cannotTellWhetherAProcessElsewhereLives() throws IOException {
    Files.writeString(file, "elsewhere.example 17 2020-01-01T00:00:00Z some-id\n");
    assertThatThrownBy(this::take)
        .isInstanceOf(InputException.class)
        .hasMessageContaining("process 17 on elsewhere.example is writing it");
  }

  private Lease take() {
    return Lease.take(files, new org.apache.hadoop.fs.Path(file.toString()));
  }
}
