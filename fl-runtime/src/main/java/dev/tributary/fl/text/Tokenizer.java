// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.tributary.fl.config.InputException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint's tokenizer, as its {@code tokenizer.json} describes it, or the files that its
 * family publishes instead ({@link TokenizerForm}); safe for use by several threads. Texts are
 * never cut or padded here.
 */
public final class Tokenizer implements TextEncoding, AutoCloseable {
  /**
   * A tokenizer as data: what executors need to open it without the directory.
   *
   * @param origin the directory it was read from, for messages; not part of {@link #sha256()}
   * @param json content of {@code tokenizer.json}, made from other files where there is none
   * @param endOfText the token that ends an answer, as text
   * @param endOfTextToken its id
   * @param size one more than the largest token id
   */
  public record Source(String origin, String json, String endOfText, int endOfTextToken, int size)
      implements Serializable {
    /**
     * Reads the tokenizer, and which token ends a text: {@code eos_token} of tokenizer_config.json
     * or special_tokens_map.json, else {@code eos_token_id} of config.json, else the one that the
     * family publishes.
     *
     * @throws InputException if there is no tokenizer, it cannot be read, or no token ends a text
     */
    public static Source read(Path directory) {
      return new SourceReader(directory).read();
    }

    public Tokenizer open() {
      return new Tokenizer(this);
    }

    /**
     * SHA-256 of all that decides which ids a text gets.
     *
     * @return 64 hexadecimal digits
     */
    public String sha256() {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(json.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        digest.update(endOfText.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java platform has SHA-256", e);
      }
    }

    /**
     * Checks that every token has an embedding.
     *
     * @param vocabularySize of the model
     * @throws InputException with both sizes if not
     */
    public void checkFits(int vocabularySize) {
      if (size > vocabularySize) {
        throw new InputException(
            "The tokenizer of "
                + origin
                + " does not fit the model: its token ids go up to "
                + (size - 1)
                + ", the model has embeddings for 0 to "
                + (vocabularySize - 1)
                + "; put the tokenizer.json that belongs to this checkpoint in its place");
      }
    }

    /** The content is long: messages and logs show where it is from. */
    @Override
    public String toString() {
      return "Tokenizer of " + origin;
    }
  }

  /** DJL's key for the build of its tokenizers' native library. */
  private static final String FLAVOR = "RUST_FLAVOR";

  static {
    // Where DJL sees a GPU it would fetch a CUDA build over the network; tokens are made on the
    // CPU.
    if (System.getenv(FLAVOR) == null && System.getProperty(FLAVOR) == null) {
      System.setProperty(FLAVOR, "cpu");
    }
  }

  private final Source source;
  private final HuggingFaceTokenizer tokenizer;

  /** Special tokens that {@link #encode} puts in front of a text, and behind it. */
  private final int[] before;

  private final int[] after;
  private final Optional<PieceCache> pieces;

  private Tokenizer(Source source) {
    this.source = source;
    Map<String, String> options =
        Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");
    try {
      this.tokenizer =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(source.json().getBytes(StandardCharsets.UTF_8)), options);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot open " + source, e);
    } catch (RuntimeException e) { // what the native library throws for content it cannot use
      throw new InputException(
          "Cannot open the tokenizer of "
              + source.origin()
              + ": "
              + e.getMessage()
              + "; fetch tokenizer.json again, or save it with a current version of transformers",
          e);
    }
    int[] with = idsAtOnce("a", true);
    int[] plain = idsAtOnce("a", false);
    int start = start(with, plain);
    this.before = Arrays.copyOf(with, Math.max(start, 0));
    this.after = start < 0 ? before : Arrays.copyOfRange(with, start + plain.length, with.length);
    this.pieces =
        start < 0 ? Optional.empty() : PieceCache.of(source.json(), text -> idsAtOnce(text, false));
  }

  /**
   * Opens the tokenizer of a Hugging Face directory.
   *
   * @throws InputException if there is none, or it cannot be read
   */
  public static Tokenizer open(Path checkpoint) {
    return Source.read(checkpoint).open();
  }

  /** Token ids of a text, with the special tokens that the tokenizer puts around one. */
  @Override
  public int[] encode(String text) {
    return ids(text, true);
  }

  /** Token ids of a text alone. */
  @Override
  public int[] encodePlain(String text) {
    return ids(text, false);
  }

  /** The text of tokens, without special tokens. */
  @Override
  public String decode(int[] tokens) {
    return tokenizer.decode(asLongs(tokens), true);
  }

  /** The text of tokens; special tokens are spelt out. */
  public String decodeWithSpecials(int[] tokens) {
    return tokenizer.decode(asLongs(tokens), false);
  }

  /** The text that ends an answer, e.g. {@code </s>}. */
  public String endOfText() {
    return source.endOfText();
  }

  @Override
  public int endOfTextToken() {
    return source.endOfTextToken();
  }

  /** One more than the largest token id. */
  public int size() {
    return source.size();
  }

  /** Special tokens that {@link #encode} puts after a text; those stay when a text is cut. */
  public int specialsAfter() {
    return after.length;
  }

  /** What this tokenizer was opened from. */
  public Source source() {
    return source;
  }

  /** See {@link Source#checkFits}. */
  public void checkFits(int vocabularySize) {
    source.checkFits(vocabularySize);
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  @Override
  public String toString() {
    return source.toString();
  }

  /** As {@link #idsAtOnce} gives them, but sooner where texts can be cut. */
  private int[] ids(String text, boolean withSpecials) {
    if (pieces.isEmpty()) {
      return idsAtOnce(text, withSpecials);
    }
    int[] plain = pieces.get().encode(text);
    if (!withSpecials || before.length + after.length == 0) {
      return plain;
    }
    int[] ids = Arrays.copyOf(before, before.length + plain.length + after.length);
    System.arraycopy(plain, 0, ids, before.length, plain.length);
    System.arraycopy(after, 0, ids, before.length + plain.length, after.length);
    return ids;
  }

  /** Whether texts are encoded piece by piece; see {@link PieceCache}. */
  boolean encodesPieces() {
    return pieces.isPresent();
  }

  /**
   * Ids as the native library gives them for the whole text, and ids alone: {@link
   * HuggingFaceTokenizer#encode} also fetches spans and the text of every token, which takes longer
   * than the tokenising.
   */
  int[] idsAtOnce(String text, boolean withSpecials) {
    TokenizersLibrary library = TokenizersLibrary.LIB;
    long encoding = library.encode(tokenizer.getHandle(), text, withSpecials);
    try {
      long[] ids = library.getTokenIds(encoding);
      int[] tokens = new int[ids.length];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = Math.toIntExact(ids[i]);
      }
      return tokens;
    } finally {
      library.deleteEncoding(encoding);
    }
  }

  private static long[] asLongs(int[] tokens) {
    return LongStream.range(0, tokens.length).map(i -> tokens[(int) i]).toArray();
  }

  /** Where the text begins behind the special tokens; -1 if they change how it is encoded. */
  private static int start(int[] with, int[] plain) {
    for (int before = 0; before + plain.length <= with.length; before++) {
      if (Arrays.equals(with, before, before + plain.length, plain, 0, plain.length)) {
        return before;
      }
    }
    return -1;
  }

  /** Puts a source together from a directory's files. */
  private record SourceReader(Path directory) {
    Source read() {
      String json =
          TokenizerForm.ALL.stream()
              .flatMap(form -> form.read(directory).stream())
              .findFirst()
              .orElseThrow(
                  () ->
                      new InputException(
                          "Cannot open the tokenizer of "
                              + directory
                              + ": it has none of "
                              + TokenizerForm.ALL.stream().map(TokenizerForm::files).toList()
                              + "; give a Hugging Face directory with the tokenizer beside the"
                              + " model"));
      Set<String> added = new HashSet<>();
      Map<String, Integer> ids = ids(directory, json, added);
      int size = ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
      String endOfText = endOfText(ids, added);
      Integer id = ids.get(endOfText);
      if (id == null) {
        throw new InputException(
            "Cannot open the tokenizer of "
                + directory
                + ": the token that ends a text, '"
                + endOfText
                + "', is not in its tokenizer.json; correct eos_token in tokenizer_config.json");
      }
      return new Source(directory.toString(), json, endOfText, id, size);
    }

    private String endOfText(Map<String, Integer> ids, Set<String> added) {
      for (String name : List.of("tokenizer_config.json", "special_tokens_map.json")) {
        JsonNode token = json(name).path("eos_token");
        if (!token.isMissingNode() && !token.isNull()) {
          String text = (token.isObject() ? token.path("content") : token).asText("");
          if (text.isEmpty()) {
            throw new InputException(
                directory.resolve(name)
                    + ": eos_token = "
                    + token
                    + " is not valid; give the text of the token that ends a text");
          }
          return text;
        }
      }
      JsonNode wanted = json("config.json").path("eos_token_id");
      int id = (wanted.isArray() ? wanted.path(0) : wanted).asInt(-1);
      return ids.entrySet().stream()
          .filter(token -> token.getValue() == id)
          .map(Map.Entry::getKey)
          .findFirst()
          // what GPT-2, LLaMA and OPT, Llama 3 publish
          .or(
              () ->
                  Stream.of("<|endoftext|>", "</s>", "<|end_of_text|>")
                      .filter(added::contains)
                      .findFirst())
          .orElseThrow(
              () ->
                  new InputException(
                      "Cannot open the tokenizer of "
                          + directory
                          + ": nothing says which token ends a text; add \"eos_token\" to its"
                          + " tokenizer_config.json, e.g. {\"eos_token\": \"</s>\"}"));
    }

    /** A JSON file of the directory; a node without anything where there is none. */
    private JsonNode json(String name) {
      Path file = directory.resolve(name);
      if (!Files.isRegularFile(file)) {
        return MissingNode.getInstance();
      }
      try {
        return new ObjectMapper().readTree(Files.readString(file));
      } catch (IOException e) {
        throw new InputException(
            "Cannot read " + file + " (" + e.getMessage() + "); fetch the file again", e);
      }
    }

    /**
     * Every token of the vocabulary and every added one, with its id.
     *
     * @param added gets those that texts are cut at
     */
    private static Map<String, Integer> ids(Path directory, String json, Set<String> added) {
      Map<String, Integer> ids = new HashMap<>();
      try (JsonParser parser = new JsonFactory().createParser(json)) {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String key = parser.currentName();
          parser.nextToken();
          if (key.equals("added_tokens")) {
            Map<String, Integer> found = new HashMap<>();
            readAdded(parser, found);
            ids.putAll(found);
            added.addAll(found.keySet());
          } else if (key.equals("model") && parser.currentToken() == JsonToken.START_OBJECT) {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
              boolean vocabulary = parser.currentName().equals("vocab");
              parser.nextToken();
              if (vocabulary) {
                readVocabulary(parser, ids);
              } else {
                parser.skipChildren();
              }
            }
          } else {
            parser.skipChildren();
          }
        }
      } catch (IOException e) {
        throw new InputException(
            directory.resolve("tokenizer.json")
                + ": is not JSON: "
                + e.getMessage()
                + "; fetch the file again",
            e);
      }
      if (ids.isEmpty()) {
        throw new InputException(
            directory.resolve("tokenizer.json") + ": has no vocabulary; fetch the file again");
      }
      return ids;
    }

    /** An object of ids, or (SentencePiece's unigrams) a list of [token, score] in order of ids. */
    private static void readVocabulary(JsonParser parser, Map<String, Integer> ids)
        throws IOException {
      if (parser.currentToken() == JsonToken.START_OBJECT) {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String token = parser.currentName();
          ids.put(token, parser.nextIntValue(-1));
        }
      } else if (parser.currentToken() == JsonToken.START_ARRAY) {
        for (int id = 0; parser.nextToken() == JsonToken.START_ARRAY; id++) {
          ids.put(parser.nextTextValue(), id);
          while (parser.nextToken() != JsonToken.END_ARRAY) {
            parser.skipChildren();
          }
        }
      }
    }

    private static void readAdded(JsonParser parser, Map<String, Integer> ids) throws IOException {
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        int id = -1;
        @Nullable String content = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String key = parser.currentName();
          parser.nextToken();
          if (key.equals("id")) {
            id = parser.getIntValue();
          } else if (key.equals("content")) {
            content = parser.getText();
          }
        }
        if (content != null) {
          ids.put(content, id);
        }
      }
    }
  }
}
