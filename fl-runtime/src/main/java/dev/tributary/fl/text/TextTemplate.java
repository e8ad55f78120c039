// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A template that is text with the places {@code {instruction}} and {@code {input}}; what is put in
 * one place is not looked at for others.
 *
 * @param name for messages
 * @param withInput for examples that have an input
 * @param withoutInput for the others; has no place for one
 */
public record TextTemplate(String name, String withInput, String withoutInput)
    implements PromptTemplate {
  private static final Pattern PLACE = Pattern.compile("\\{(instruction|input)\\}");

  @Override
  public String prompt(InstructionExample example) {
    String text = example.input().isEmpty() ? withoutInput : withInput;
    return PLACE
        .matcher(text)
        .replaceAll(
            place ->
                Matcher.quoteReplacement(
                    place.group(1).equals("input") ? example.input() : example.instruction()));
  }

  /** The texts; what the template is called changes no prompt. */
  @Override
  public String identity() {
    return withInput + "\u0000" + withoutInput;
  }
}
