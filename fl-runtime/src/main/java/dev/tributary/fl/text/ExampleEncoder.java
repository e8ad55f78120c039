// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * From an example to token ids and labels, as FS-LLM does it: prompt, and prompt with answer and
 * end-of-text, are tokenised each for itself and cut at the right; positions of the prompt carry no
 * label.
 *
 * <p>A template that spells out special tokens itself is tokenised without more of them.
 *
 * <p>Where the tokenizer joins the prompt's last and the answer's first character into one token,
 * the two do not meet exactly; as in FS-LLM the count of the prompt's tokens decides. A prompt that
 * fills everything leaves no label: such examples are encoded all the same, and counted by those
 * who train on them.
 *
 * @param tokenizer not owned
 * @param template how the example is put
 * @param maxTokens longest result, at least 2
 */
public record ExampleEncoder(Tokenizer tokenizer, PromptTemplate template, int maxTokens) {
  /**
   * An encoder as data: what executors need to make one.
   *
   * @param tokenizer opened where it is needed
   * @param template how the example is put
   * @param maxTokens longest result, at least 2
   */
  public record Source(Tokenizer.Source tokenizer, PromptTemplate template, int maxTokens)
      implements Serializable {
    public Source {
      checkMaxTokens(maxTokens);
    }

    /** An encoder whose {@link ExampleEncoder#tokenizer()} is new and the caller's to close. */
    public ExampleEncoder open() {
      return new ExampleEncoder(tokenizer.open(), template, maxTokens);
    }

    /**
     * SHA-256 of all that decides what an example becomes.
     *
     * @return 64 hexadecimal digits
     */
    public String sha256() {
      String all = tokenizer.sha256() + "\n" + maxTokens + "\n" + template.identity();
      try {
        return HexFormat.of()
            .formatHex(
                MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8)));
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }
  }

  public ExampleEncoder {
    checkMaxTokens(maxTokens);
  }

  public EncodedExample encode(InstructionExample example) {
    String prompt = template.prompt(example);
    int promptTokens = Math.min(tokens(prompt).length, maxTokens);
    int[] all = tokens(prompt + example.output() + tokenizer.endOfText());
    int[] tokens = cut(all);
    return new EncodedExample(
        example.id(), tokens, Math.min(promptTokens, tokens.length), all.length);
  }

  private int[] tokens(String text) {
    return template.spellsOutSpecials() ? tokenizer.encodePlain(text) : tokenizer.encode(text);
  }

  /** Takes off what is too much at the right, in front of the special tokens at the end if any. */
  private int[] cut(int[] all) {
    if (all.length <= maxTokens) {
      return all;
    }
    int[] tokens = Arrays.copyOf(all, maxTokens);
    int specials =
        template.spellsOutSpecials() ? 0 : Math.min(tokenizer.specialsAfter(), maxTokens);
    System.arraycopy(all, all.length - specials, tokens, maxTokens - specials, specials);
    return tokens;
  }

  private static void checkMaxTokens(int maxTokens) {
    if (maxTokens < 2) {
      throw new IllegalArgumentException("Cannot encode examples to " + maxTokens + " tokens");
    }
  }
}
