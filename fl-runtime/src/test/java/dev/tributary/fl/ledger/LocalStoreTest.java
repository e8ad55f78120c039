// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalStoreTest {
  @TempDir Path folder;
  private LocalStore store = new LocalStore(Path.of("unset"));

  @BeforeEach
  void open() {
    store = new LocalStore(folder.resolve("new"));
  }

  @Test
  void readsWhatWasWritten() throws IOException {
    store.write("a/b.bin", new byte[] {1, 2, 3, 4});
    store.write("a/b.bin", new byte[] {5, 6, 7, 8});
    assertThat(store.exists("a/b.bin")).isTrue();
    assertThat(store.list("a")).containsExactly("b.bin");
    assertThat(store.read("a/b.bin")).containsExactly(5, 6, 7, 8);
    assertThat(store.open("a/b.bin").size()).isEqualTo(4);
    assertThat(store.open("a/b.bin").read(1, 2)).containsExactly(6, 7);
    assertThatThrownBy(() -> store.open("a/b.bin").read(3, 2)).isInstanceOf(IOException.class);
  }

  @Test
  void hasNothingWhereNothingIs() {
    assertThat(store.exists("a")).isFalse();
    assertThat(store.list("a")).isEmpty();
    store.delete("a");
    assertThatThrownBy(() -> store.read("a"))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("Cannot read " + folder.resolve("new/a"));
  }

  @Test
  void commitsAFolderOnce() {
    store.write("open/x", new byte[] {1});
    store.write("open/deep/y", new byte[] {2});
    store.commit("open", "done");
    assertThat(store.exists("open")).isFalse();
    assertThat(store.read("done/deep/y")).containsExactly(2);
    store.write("open/x", new byte[] {3});
    assertThatThrownBy(() -> store.commit("open", "done"))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("Cannot commit " + folder.resolve("new/done"));
    assertThat(store.read("done/x")).containsExactly(1);
  }

  @Test
  void deletesAFolderWithAllInIt() {
    store.write("a/b/c", new byte[1]);
    store.delete("a");
    assertThat(store.exists("a")).isFalse();
  }
}
