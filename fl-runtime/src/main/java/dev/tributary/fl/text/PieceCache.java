// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Token ids of texts piece by piece: a text is cut where no token can cross, and the ids of short
 * pieces, words for the most part, are kept and looked up. Several times as fast as the native
 * library over a corpus, with the same ids.
 *
 * <p>A cut is in front of a space that follows a visible character of ASCII or a letter of a
 * European alphabet. Only for tokenizers of which it is certain that they treat both sides each for
 * itself:
 *
 * <ul>
 *   <li>BPE over bytes (GPT-2, OPT, SmolLM2, LLaMA 3, Qwen), whose patterns split there: in none of
 *       their alternatives a space follows anything but white space, and none looks back. Neither
 *       does anything but a letter follow a letter, nor anything but a digit a digit, so that there
 *       is a cut in front of a mark or the end of a line that follows one of these, too.
 *   <li>BPE of SentencePiece (LLaMA 2), where no token has {@code ▁} behind another character. The
 *       space goes, as the normaliser puts {@code ▁} in front of each piece.
 * </ul>
 *
 * <p>Tokens that are added to the vocabulary must not contain spaces nor reach out for those around
 * them. Any other tokenizer encodes whole texts. Safe for use by several threads.
 */
final class PieceCache {
  /** Longer pieces seldom come twice. */
  private static final int LONGEST = 24;

  /**
   * Pieces kept; the most frequent are among those that come first. About 12 MB for each open
   * tokenizer over English texts, four times as much at most.
   */
  private static final int CAPACITY = 100_000;

  /** Last of the alphabets between Latin and Armenian, whose letters Unicode does not change. */
  private static final char END_OF_ALPHABETS = '\u0590';

  /** Those of LLaMA 3 and of Qwen 1.5 and 2; GPT-2's own is built into the library. */
  private static final Set<String> PATTERNS =
      Set.of(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
              + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
              + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

  private final Function<String, int[]> whole;
  private final boolean sentencePiece;
  private final List<String> added;
  private final ConcurrentHashMap<String, int[]> known = new ConcurrentHashMap<>();

  private PieceCache(Function<String, int[]> whole, boolean sentencePiece, List<String> added) {
    this.whole = whole;
    this.sentencePiece = sentencePiece;
    this.added = added;
  }

  /**
   * A cache for a tokenizer.
   *
   * @param json content of {@code tokenizer.json}
   * @param whole ids of a text without special tokens around it
   * @return nothing if it is not certain that texts of this tokenizer can be cut
   */
  static Optional<PieceCache> of(String json, Function<String, int[]> whole) {
    Description tokenizer;
    try {
      tokenizer = Description.of(json);
    } catch (IOException e) {
      return Optional.empty(); // whoever opens the tokenizer says what is wrong with it
    }
    boolean sentencePiece = tokenizer.isSentencePiece();
    if (!tokenizer.isPlainBpe()
        || !tokenizer.addedTokensStayApart()
        || !(sentencePiece ? tokenizer.addedTokensAreLiteral() : tokenizer.isOverBytes())) {
      return Optional.empty();
    }
    return Optional.of(new PieceCache(whole, sentencePiece, tokenizer.addedTokens()));
  }

  /** Token ids of a text alone. */
  int[] encode(String text) {
    if (isBroken(text)) {
      return whole.apply(text);
    }
    Optional<String> last = Optional.empty();
    boolean within = false;
    for (String token : added) {
      int first = text.indexOf(token);
      if (first >= 0 && first + token.length() == text.length() && last.isEmpty()) {
        last = Optional.of(token); // as the texts of examples end
      } else {
        within |= first >= 0;
      }
    }
    Ids ids = new Ids(text.length());
    if (!within) {
      int end = text.length() - last.orElse("").length();
      cut(text, end, sentencePiece ? Cuts.WORDS : Cuts.WORDS_AND_MARKS, ids);
      last.ifPresent(token -> ids.add(piece(token)));
    } else if (sentencePiece) {
      return whole.apply(text); // it keeps a space that follows an added token
    } else {
      cut(text, text.length(), Cuts.WORDS, ids); // none has a space in it
    }
    return ids.all();
  }

  private enum Cuts {
    WORDS,
    WORDS_AND_MARKS
  }

  private void cut(String text, int end, Cuts cuts, Ids ids) {
    int from = 0;
    for (int at = 1; at < end; at++) {
      char c = text.charAt(at);
      char before = text.charAt(at - 1);
      if (c == ' ' && isNoSpace(before) && (at < end - 1 || !sentencePiece)) {
        ids.add(piece(text.substring(from, at)));
        from = sentencePiece ? at + 1 : at;
      } else if (cuts == Cuts.WORDS_AND_MARKS && isMark(c) && isLetterOrDigit(before)) {
        ids.add(piece(text.substring(from, at)));
        from = at;
      }
    }
    if (from < end) {
      ids.add(piece(text.substring(from, end)));
    }
  }

  private int[] piece(String piece) {
    if (piece.length() > LONGEST) {
      return whole.apply(piece);
    }
    int[] ids = known.get(piece);
    if (ids == null) {
      ids = whole.apply(piece);
      if (known.size() < CAPACITY) {
        known.put(piece, ids);
      }
    }
    return ids;
  }

  /** Has half a surrogate pair, for which the library changes other characters of the text too. */
  private static boolean isBroken(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        int c = text.codePointAt(i);
        if (c < Character.MIN_SUPPLEMENTARY_CODE_POINT) {
          return true;
        }
        i++;
      }
    }
    return false;
  }

  private static boolean isNoSpace(char c) {
    return (c > ' ' && c < 127) || isLetterOrDigit(c);
  }

  private static boolean isLetterOrDigit(char c) {
    return c < 128
        ? (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        : c < END_OF_ALPHABETS && Character.isLetter(c);
  }

  private static boolean isMark(char c) {
    return c == '\n' || (c > ' ' && c < 127 && !isLetterOrDigit(c));
  }

  /** Ids in the order in which they come. */
  private static final class Ids {
    private int[] ids;
    private int count;

    Ids(int characters) {
      ids = new int[characters / 3 + 8];
    }

    void add(int[] more) {
      if (count + more.length > ids.length) {
        ids = Arrays.copyOf(ids, Math.max(ids.length * 2, count + more.length));
      }
      System.arraycopy(more, 0, ids, count, more.length);
      count += more.length;
    }

    int[] all() {
      return Arrays.copyOf(ids, count);
    }
  }

  /**
   * What a {@code tokenizer.json} says, without the vocabulary.
   *
   * @param parts all but the model's vocabulary and merges
   * @param marksWordsAtTheirBegin whether no token has {@code ▁} behind another character
   */
  private record Description(JsonNode parts, boolean marksWordsAtTheirBegin) {
    static Description of(String json) throws IOException {
      ObjectMapper mapper = new ObjectMapper();
      var parts = mapper.createObjectNode();
      boolean atBegin = true;
      try (JsonParser parser = new JsonFactory().setCodec(mapper).createParser(json)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String key = parser.currentName();
          parser.nextToken();
          if (key.equals("model") && parser.currentToken() == JsonToken.START_OBJECT) {
            var model = parts.putObject("model");
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
              String name = parser.currentName();
              parser.nextToken();
              if (name.equals("vocab") && parser.currentToken() == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                  atBegin &= isMarkedAtBegin(parser.currentName());
                  parser.nextToken();
                }
              } else if (parser.currentToken().isStructStart()) {
                parser.skipChildren();
              } else {
                model.set(name, parser.readValueAsTree());
              }
            }
          } else {
            parts.set(key, parser.readValueAsTree());
          }
        }
      }
      return new Description(parts, atBegin);
    }

    private static boolean isMarkedAtBegin(String token) {
      int mark = token.lastIndexOf('▁');
      return mark <= 0 || token.chars().limit(mark).allMatch(c -> c == '▁');
    }

    /** Always the same ids for a text, and no marks of its own for parts of words. */
    boolean isPlainBpe() {
      JsonNode model = parts.path("model");
      return model.path("type").asText("BPE").equals("BPE")
          && model.path("dropout").asDouble(0) == 0
          && model.path("continuing_subword_prefix").asText("").replace("null", "").isEmpty()
          && model.path("end_of_word_suffix").asText("").replace("null", "").isEmpty();
    }

    boolean addedTokensStayApart() {
      for (JsonNode token : parts.path("added_tokens")) {
        String content = token.path("content").asText();
        if (token.path("lstrip").asBoolean()
            || token.path("rstrip").asBoolean()
            || token.path("single_word").asBoolean()
            || content.isEmpty()
            || content.chars().anyMatch(c -> c <= ' ' || c >= 127)) {
          return false;
        }
      }
      return true;
    }

    /** Others are looked for as the normaliser writes them, with {@code ▁} in front. */
    boolean addedTokensAreLiteral() {
      for (JsonNode token : parts.path("added_tokens")) {
        if (token.path("normalized").asBoolean()) {
          return false;
        }
      }
      return true;
    }

    List<String> addedTokens() {
      List<String> contents = new ArrayList<>();
      parts.path("added_tokens").forEach(token -> contents.add(token.path("content").asText()));
      return contents;
    }

    boolean isOverBytes() {
      JsonNode normalizer = parts.path("normalizer");
      if (!(isNothing(normalizer) || normalizer.path("type").asText().equals("NFC"))) {
        return false;
      }
      JsonNode steps = parts.path("pre_tokenizer");
      List<JsonNode> all = new ArrayList<>();
      if (steps.path("type").asText().equals("Sequence")) {
        steps.path("pretokenizers").forEach(all::add);
      } else {
        all.add(steps);
      }
      boolean splits = false;
      for (int i = 0; i < all.size(); i++) {
        JsonNode step = all.get(i);
        boolean last = i == all.size() - 1;
        switch (step.path("type").asText()) {
          case "Digits" -> {
            if (last) {
              return false;
            }
          }
          case "Split" -> {
            if (last
                || !PATTERNS.contains(step.path("pattern").path("Regex").asText())
                || !step.path("behavior").asText().equals("Isolated")
                || step.path("invert").asBoolean()) {
              return false;
            }
            splits = true;
          }
          case "ByteLevel" -> {
            if (!last || step.path("add_prefix_space").asBoolean(true)) {
              return false;
            }
            splits |= step.path("use_regex").asBoolean(true);
          }
          default -> {
            return false;
          }
        }
      }
      return splits;
    }

    boolean isSentencePiece() {
      JsonNode steps = parts.path("normalizer").path("normalizers");
      return parts.path("normalizer").path("type").asText().equals("Sequence")
          && steps.size() == 2
          && steps.path(0).path("type").asText().equals("Prepend")
          && steps.path(0).path("prepend").asText().equals("▁")
          && steps.path(1).path("type").asText().equals("Replace")
          && steps.path(1).path("pattern").path("String").asText().equals(" ")
          && steps.path(1).path("content").asText().equals("▁")
          && isNothing(parts.path("pre_tokenizer"))
          && parts.path("model").path("byte_fallback").asBoolean()
          && marksWordsAtTheirBegin;
    }

    private static boolean isNothing(JsonNode node) {
      return node.isMissingNode() || node.isNull();
    }
  }
}
