// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

import dev.tributary.fl.config.Choice;
import dev.tributary.fl.config.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a message's numbers go through, in this order.
 *
 * @param format float32 where the file names none
 * @param formatName as messages say it
 * @param compression none if it is empty
 * @param compressionName empty text for none
 */
public record MessagePipeline(
    NumberFormat format,
    String formatName,
    Optional<Compression> compression,
    String compressionName) {
  /** Numbers as they are. */
  public static final MessagePipeline PLAIN =
      new MessagePipeline(new Float32(), "float32", Optional.empty(), "");

  /** What a list of the file says, which was checked. */
  public static MessagePipeline of(List<Choice<MessageOperator>> operators) {
    MessagePipeline pipeline = PLAIN;
    for (Choice<MessageOperator> choice : operators) {
      MessageOperator operator = choice.create();
      if (operator instanceof NumberFormat format) {
        pipeline =
            new MessagePipeline(
                format, choice.name(), pipeline.compression(), pipeline.compressionName());
      } else if (operator instanceof Compression compression) {
        pipeline =
            new MessagePipeline(
                pipeline.format(), pipeline.formatName(), Optional.of(compression), choice.name());
      }
    }
    return pipeline;
  }

  /** Notes what is wrong with a list of the file: one format at most, then one compression. */
  static void check(String key, List<Choice<MessageOperator>> operators, Faults faults) {
    List<String> formats = new ArrayList<>();
    List<String> compressions = new ArrayList<>();
    boolean inOrder = true;
    for (Choice<MessageOperator> choice : operators) {
      if (choice.create() instanceof NumberFormat) {
        formats.add(choice.name());
        inOrder &= compressions.isEmpty();
      } else {
        compressions.add(choice.name());
      }
    }
    List<String> names = operators.stream().map(Choice::name).toList();
    faults
        .check(formats.size() <= 1, key, names, "numbers have one format; name one of " + formats)
        .check(
            compressions.size() <= 1,
            key,
            names,
            "bytes are compressed once; name one of " + compressions)
        .check(inOrder, key, names, "give the number format first, then the compression");
  }
}
