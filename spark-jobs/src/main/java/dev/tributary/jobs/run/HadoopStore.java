// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.run;

import dev.tributary.fl.ledger.Store;
import dev.tributary.fl.message.MessageBytes;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/**
 * A ledger's folder on any file system that Hadoop knows and whose renames are atomic, as HDFS's
 * are; object stores without them do not keep the promise of {@link Store#commit}.
 */
final class HadoopStore implements Store {
  private final RunFiles files;
  private final String folder;

  HadoopStore(RunFiles files, String folder) {
    this.files = files;
    this.folder = folder;
  }

  @Override
  public boolean exists(String path) {
    return files.exists(at(path));
  }

  @Override
  public List<String> list(String path) {
    return files.list(at(path));
  }

  @Override
  public byte[] read(String path) {
    return files
        .read(at(path))
        .orElseThrow(
            () ->
                new UncheckedIOException(
                    new FileNotFoundException("There is no file " + files.path(at(path)))));
  }

  @Override
  public MessageBytes open(String path) {
    Path file = files.path(at(path));
    return new MessageBytes() {
      @Override
      public long size() throws IOException {
        return files.fileSystem().getFileStatus(file).getLen();
      }

      @Override
      public byte[] read(long offset, int length) throws IOException {
        byte[] piece = new byte[length];
        try (FSDataInputStream in = files.fileSystem().open(file)) {
          in.readFully(offset, piece);
        }
        return piece;
      }
    };
  }

  @Override
  public void write(String path, byte[] bytes) {
    files.write(at(path), bytes);
  }

  @Override
  public void delete(String path) {
    files.delete(at(path));
  }

  @Override
  public void commit(String path, String as) {
    files.rename(at(path), at(as));
  }

  private String at(String path) {
    return path.isEmpty() ? folder : folder + "/" + path;
  }
}
