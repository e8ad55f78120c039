// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.message;

/**
 * What is done to a message's numbers on their way: a number format, or a compression of its bytes.
 * Named in {@code training.messages}. Messages say what they went through, so whoever reads one
 * needs the operator's class, but not its settings.
 */
public sealed interface MessageOperator permits NumberFormat, Compression {
  /**
   * Found by {@link java.util.ServiceLoader}; chosen by {@code name} in a list of {@code
   * training.messages}.
   */
  interface Provider<C extends Record>
      extends dev.tributary.fl.config.Provider<MessageOperator, C> {
    /** An operator that decodes what one of any configuration encoded. */
    MessageOperator decoder();
  }
}
