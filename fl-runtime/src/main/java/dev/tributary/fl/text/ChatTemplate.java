// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tributary.fl.config.InputException;
import dev.tributary.fl.text.jinja.JinjaException;
import dev.tributary.fl.text.jinja.JinjaTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint's own chat template: an example is a conversation's first turn, {@code
 * apply_chat_template([{"role": "user", "content": ...}], add_generation_prompt=True)} in
 * transformers. The content is the instruction and, where there is an input, an empty line and the
 * input.
 *
 * <p>The template spells out all special tokens, the one in front of a text too, so what it gives
 * is tokenised without any being added. An answer ends with the end-of-text token, as under other
 * templates; of chat checkpoints that is the end of a turn. Some templates write something behind
 * it when they render a whole conversation, most often a line break. That is left out here: there
 * is no turn to follow, and generation stops at the end of the turn, so that the model is never
 * asked for what would come then.
 */
public final class ChatTemplate implements PromptTemplate {
  private static final long serialVersionUID = 1;

  private static final String FILE = "chat_template.jinja";
  private static final String CONFIG = "tokenizer_config.json";
  private static final String KEY = "chat_template";
  private static final List<String> TOKENS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");
  private static final String OTHERWISE =
      "; take data.template = alpaca, none, or write the prompt into a file and name it";

  /** Nothing that a template could write of its own. */
  private static final String SAMPLE = "Instruction-27182";

  private final String origin;
  private final String source;

  /** Texts of the special tokens that the checkpoint has, by their names; sorted. */
  private final TreeMap<String, String> tokens;

  private transient volatile @Nullable JinjaTemplate compiled;

  private ChatTemplate(String origin, String source, Map<String, String> tokens) {
    this.origin = origin;
    this.source = source;
    this.tokens = new TreeMap<>(tokens);
  }

  /**
   * Reads the template of a Hugging Face directory: {@code chat_template.jinja}, else {@code
   * chat_template} of tokenizer_config.json (of several the one named {@code default}). A sample is
   * rendered, so that a template that cannot be used is refused here.
   *
   * @throws InputException if there is no template, it does not take a conversation of one turn,
   *     uses what is not supported, or writes a special token of which nothing says what it is
   */
  public static ChatTemplate read(Path directory) {
    JsonNode config = json(directory.resolve(CONFIG));
    String source =
        file(directory.resolve(FILE))
            .or(() -> ofConfig(directory, config.path(KEY)))
            .orElseThrow(
                () ->
                    new InputException(
                        "The checkpoint "
                            + directory
                            + " has no chat template, neither "
                            + FILE
                            + " nor "
                            + KEY
                            + " in its "
                            + CONFIG
                            + OTHERWISE));
    JsonNode map = json(directory.resolve("special_tokens_map.json"));
    Map<String, String> tokens = new HashMap<>();
    for (String name : TOKENS) {
      JsonNode token = config.has(name) ? config.path(name) : map.path(name);
      String text = (token.isObject() ? token.path("content") : token).asText("");
      if (!token.isNull() && !text.isEmpty()) {
        tokens.put(name, text);
      } else if (token.isMissingNode() && mentions(source, name)) {
        throw new InputException(
            "Cannot use the chat template of "
                + directory
                + ": it writes "
                + name
                + ", but nothing says what that is; add it to "
                + CONFIG
                + ", e.g. {\""
                + name
                + "\": \"<s>\"}, or null if there is none");
      }
    }
    ChatTemplate template = new ChatTemplate(directory.toString(), source, tokens);
    template.check();
    return template;
  }

  @Override
  public String prompt(InstructionExample example) {
    String content =
        example.instruction() + (example.input().isEmpty() ? "" : "\n\n" + example.input());
    Map<String, Object> variables = new HashMap<>(tokens);
    variables.put("messages", List.of(Map.of("role", "user", "content", content)));
    variables.put("tools", JinjaTemplate.none());
    variables.put("documents", JinjaTemplate.none());
    variables.put("add_generation_prompt", true);
    try {
      return template().render(variables);
    } catch (JinjaException e) {
      throw fault(e);
    }
  }

  @Override
  public boolean spellsOutSpecials() {
    return true;
  }

  /** The template and the tokens that it can write. */
  @Override
  public String identity() {
    StringBuilder identity = new StringBuilder("chat\u0000").append(source);
    tokens.forEach(
        (name, text) -> identity.append('\u0000').append(name).append('\u0000').append(text));
    return identity.toString();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ChatTemplate same && identity().equals(same.identity());
  }

  @Override
  public int hashCode() {
    return identity().hashCode();
  }

  @Override
  public String toString() {
    return "Chat template of " + origin;
  }

  /** Read where it is first used; twice, if by two threads at once, which does no harm. */
  private JinjaTemplate template() {
    JinjaTemplate template = compiled;
    if (template == null) {
      template = JinjaTemplate.parse(source);
      compiled = template;
    }
    return template;
  }

  private void check() {
    for (String input : List.of("", SAMPLE + "-input")) {
      String prompt = prompt(SAMPLE, input);
      if (!prompt.contains(SAMPLE) || !prompt.contains(input)) {
        throw new InputException(
            "Cannot use the chat template of "
                + origin
                + ": it does not write what the user says; it makes of '"
                + SAMPLE
                + "' only '"
                + prompt
                + "'"
                + OTHERWISE);
      }
    }
  }

  private InputException fault(JinjaException cause) {
    return new InputException(
        "Cannot put an example into the chat template of "
            + origin
            + ": "
            + cause.getMessage()
            + OTHERWISE,
        cause);
  }

  private static boolean mentions(String source, String name) {
    return Pattern.compile("\\b" + name + "\\b").matcher(source).find();
  }

  private static Optional<String> ofConfig(Path directory, JsonNode written) {
    if (written.isMissingNode() || written.isNull()) {
      return Optional.empty();
    }
    if (written.isTextual()) {
      return Optional.of(written.asText());
    }
    for (JsonNode one : written) {
      if (one.path("name").asText().equals("default") && one.path("template").isTextual()) {
        return Optional.of(one.path("template").asText());
      }
    }
    throw new InputException(
        directory.resolve(CONFIG)
            + ": "
            + KEY
            + " has no template named 'default'; name one of its templates so"
            + OTHERWISE);
  }

  private static Optional<String> file(Path file) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(file));
    } catch (IOException e) {
      throw new InputException("Cannot read " + file + " (" + e + "); fetch the file again", e);
    }
  }

  private static JsonNode json(Path file) {
    return file(file)
        .map(
            text -> {
              try {
                return new ObjectMapper().readTree(text);
              } catch (IOException e) {
                throw new InputException(
                    "Cannot read " + file + " (" + e.getMessage() + "); fetch the file again", e);
              }
            })
        .orElse(MissingNode.getInstance());
  }
}
