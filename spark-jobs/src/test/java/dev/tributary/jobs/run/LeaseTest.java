// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
              "Cannot write " + directory + ": process " + ProcessHandle.current().pid())
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
        InetAddress.getLocalHost().getHostName() + " 999999999 2020-01-01T00:00:00Z some-id 3\n");
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
            + " 2020-01-01T00:00:00Z some-id 3\n");
    take().close();
    assertThat(file).doesNotExist();
  }

  @Test
  void takesOverWhatStandsStillElsewhere() throws IOException {
    Files.writeString(file, "elsewhere.example 17 2020-01-01T00:00:00Z some-id 3\n");
    take().close();
    Files.createFile(file); // its writer died before it had written anything
    take().close();
    try (var left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void leavesToAProcessElsewhereWhatItStillWrites() throws Exception {
    Files.writeString(file, "elsewhere.example 17 2020-01-01T00:00:00Z some-id 3\n");
    Thread elsewhere =
        new Thread(
            () -> {
              try {
                Thread.sleep(100);
                Files.writeString(file, "elsewhere.example 17 2020-01-01T00:00:00Z some-id 4\n");
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    elsewhere.start();
    assertThatThrownBy(this::take)
        .isInstanceOf(InputException.class)
        .hasMessageContaining("process 17 on elsewhere.example is writing it");
    elsewhere.join();
  }

  @Test
  void writesItAnewAsLongAsItHasIt() throws Exception {
    try (Lease lease = take()) {
      String first = Files.readString(file);
      for (int i = 0; i < 200 && Files.readString(file).equals(first); i++) {
        Thread.sleep(20);
      }
      assertThat(file).content().isNotEqualTo(first);
      assertThat(lease).isNotNull();
    }
    Thread.sleep(120);
    assertThat(file).doesNotExist();
  }

  private Lease take() {
    return Lease.take(
        files,
        new org.apache.hadoop.fs.Path(file.toString()),
        new Lease.Rhythm(Duration.ofMillis(40), Duration.ofMillis(400)));
  }
}
