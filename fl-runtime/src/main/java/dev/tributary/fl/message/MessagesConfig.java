// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Default;
import dev.tributary.fl.config.Faults;
import dev.tributary.fl.config.Portable;
import java.io.Serializable;
import java.util.List;

/**
 * How updates and the global state are written on their way: {@code training.messages}. What a
 * client keeps for itself stays float32.
 *
 * @param upload a number format ({@code float32}, {@code float16}, {@code bfloat16}, {@code int8}),
 *     then a compression ({@code deflate}, {@code gzip}, {@code zstd}), each of which may be left
 *     out
 * @param download the same of what clients are sent, who start from what then arrives; the server
 *     goes on from what it has
 */
public record MessagesConfig(
    @Default("[]") List<Choice<MessageOperator>> upload,
    @Default("[]") List<Choice<MessageOperator>> download)
    implements Serializable {
  public MessagesConfig {
    upload = List.copyOf(upload);
    download = List.copyOf(download);
    Faults faults = new Faults();
    MessagePipeline.check("upload", upload, faults);
    MessagePipeline.check("download", download, faults);
    faults.throwIfAny();
  }

  private Object writeReplace() {
    return Portable.of(this);
  }
}
