// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.config.Providers;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * The templates that {@code data.template} can name.
 *
 * <ul>
 *   <li>{@code alpaca}: Stanford Alpaca's two prompts, with and without an input; the answer
 *       follows {@code ### Response:} directly.
 *   <li>{@code none}: the instruction and, where there is one, the input, each ended by a line
 *       break.
 *   <li>{@code chat}: the checkpoint's own {@link ChatTemplate}.
 *   <li>Anything else is a file, in UTF-8: the prompt, with {@code {instruction}} and {@code
 *       {input}} where those go. A line {@code ---} divides a file in two: above it the prompt for
 *       examples with an input, below it the one for examples without. In a file that is not
 *       divided, an absent input leaves nothing behind. The last line break of a part does not
 *       belong to it.
 * </ul>
 */
public final class PromptTemplates {
  private static final String ALPACA_START = "Below is an instruction that describes a task";
  private static final String ALPACA_RESPONSE = "\n\n### Response:";

  /** Stanford Alpaca's prompts, to the letter. */
  public static final PromptTemplate ALPACA =
      new TextTemplate(
          "alpaca",
          ALPACA_START
              + ", paired with an input that provides further context. Write a response that"
              + " appropriately completes the request.\n\n### Instruction:\n{instruction}"
              + "\n\n### Input:\n{input}"
              + ALPACA_RESPONSE,
          ALPACA_START
              + ". Write a response that appropriately completes the request."
              + "\n\n### Instruction:\n{instruction}"
              + ALPACA_RESPONSE);

  /** The bare texts. */
  public static final PromptTemplate NONE =
      new TextTemplate("none", "{instruction}\n{input}\n", "{instruction}\n");

  private static final List<String> NAMES = List.of("alpaca", "none", "chat");

  private PromptTemplates() {}

  /**
   * The template of a name or file.
   *
   * @param checkpoint the Hugging Face directory of the model that is asked
   * @throws InputException if there is no such file, it is no template, or the checkpoint's own is
   *     wanted and cannot be used
   */
  public static PromptTemplate of(String nameOrFile, Path checkpoint) {
    return switch (nameOrFile) {
      case "alpaca" -> ALPACA;
      case "none" -> NONE;
      case "chat" -> ChatTemplate.read(checkpoint);
      default -> file(nameOrFile);
    };
  }

  /**
   * A template of the user's.
   *
   * @param name where it is from, for messages
   * @param content as a template file has it
   * @throws InputException if it has no place for the instruction
   */
  public static PromptTemplate text(String name, String content) {
    String unix = content.replace("\r\n", "\n");
    List<String> parts = List.of(unix.split("(?m)^---[ \t]*\n", -1));
    if (parts.size() > 2) {
      throw new InputException(
          "template " + name + " has more than one line '---'; keep the one between its two parts");
    }
    String withInput = withoutLastBreak(parts.get(0));
    String withoutInput =
        parts.size() == 2 ? withoutLastBreak(parts.get(1)) : withInput.replace("{input}", "");
    for (String part : List.of(withInput, withoutInput)) {
      if (!part.contains("{instruction}")) {
        throw new InputException(
            "template " + name + ": a prompt has no {instruction}; write it where that goes");
      }
    }
    if (!withInput.contains("{input}")) {
      throw new InputException(
          "template " + name + " has no {input}, so inputs would be lost; write it where they go");
    }
    if (parts.size() == 2 && withoutInput.contains("{input}")) {
      throw new InputException(
          "template "
              + name
              + ": the part below '---' is for examples without an input; take {input} out of it");
    }
    return new TextTemplate(name, withInput, withoutInput);
  }

  private static PromptTemplate file(String path) {
    try {
      return text(path, Files.readString(Path.of(path)));
    } catch (CharacterCodingException e) {
      throw new InputException("template " + path + " is not UTF-8; save it as UTF-8", e);
    } catch (IOException | InvalidPathException e) {
      String near =
          Providers.nearest(path, NAMES).map(name -> "; did you mean '" + name + "'?").orElse("");
      throw new InputException(
          "template = "
              + path
              + " is not valid; choose one of "
              + NAMES
              + ", or name a file with the prompt"
              + near,
          e);
    }
  }

  private static String withoutLastBreak(String part) {
    return part.endsWith("\n") ? part.substring(0, part.length() - 1) : part;
  }
}
