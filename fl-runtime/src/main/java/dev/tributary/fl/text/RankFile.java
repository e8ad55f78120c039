// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * tiktoken's file of Llama 3: a token's bytes in base64 and its rank in each line. Merges follow
 * from the ranks: a token comes of any two tokens that make it up, those of low rank first.
 */
final class RankFile implements TokenizerForm {
  private static final Pattern LINE = Pattern.compile("[A-Za-z0-9+/]+={0,2} \\d+");

  /** Words, numbers of up to three digits, punctuation, line ends, blanks: Llama 3's own cut. */
  private static final String PIECES =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
          + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String BEGIN = "<|begin_of_text|>";
  private static final int SPECIALS = 256;

  /** Those of Llama 3 with a name, by their place behind the ranks; others are reserved. */
  private static final Map<Integer, String> NAMED =
      Map.of(
          0, BEGIN,
          1, "<|end_of_text|>",
          6, "<|start_header_id|>",
          7, "<|end_header_id|>",
          9, "<|eot_id|>");

  @Override
  public String files() {
    return "tokenizer.model (tiktoken's ranks)";
  }

  @Override
  public Optional<String> read(Path directory) {
    Path file = directory.resolve("tokenizer.model");
    if (!Files.isRegularFile(file) || !isRanks(file)) {
      return Optional.empty();
    }
    Map<String, Integer> ranks = ranks(file);
    BpeJson json = new BpeJson().byteLevel(Optional.of(PIECES)).ignoreMerges();
    int reserved = 0;
    for (int i = 0; i < SPECIALS; i++) {
      String name = NAMED.get(i);
      if (name == null) {
        name = "<|reserved_special_token_" + reserved++ + "|>";
      }
      json.special(name, ranks.size() + i, false);
    }
    return Optional.of(json.begin(BEGIN, ranks.size()).text(ranks, merges(ranks)));
  }

  /** Whether the file begins as a text of ranks; SentencePiece's files of this name are binary. */
  private static boolean isRanks(Path file) {
    try (var in = Files.newInputStream(file)) {
      String start = new String(in.readNBytes(200), StandardCharsets.ISO_8859_1);
      int end = start.indexOf('\n');
      return LINE.matcher(end < 0 ? start.strip() : start.substring(0, end).strip()).matches();
    } catch (IOException e) {
      throw new InputException("Cannot read " + file + " (" + e + "); check the file", e);
    }
  }

  /** Tokens in GPT-2's spelling of bytes, in the order of their ranks. */
  private static Map<String, Integer> ranks(Path file) {
    Map<String, Integer> ranks = new LinkedHashMap<>();
    int number = 0;
    for (String line : TokenizerJson.text(file).split("\n", -1)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      if (!LINE.matcher(line.strip()).matches()) {
        throw new InputException(
            file
                + ":"
                + number
                + ": '"
                + line
                + "' is not a token in base64 and its rank; fetch the file again");
      }
      String[] parts = line.strip().split(" ", 2);
      byte[] token;
      try {
        token = Base64.getDecoder().decode(parts[0]);
      } catch (IllegalArgumentException e) {
        throw new InputException(
            file + ":" + number + ": '" + parts[0] + "' is not base64; fetch the file again", e);
      }
      int rank = Integer.parseInt(parts[1]);
      if (rank != ranks.size() || ranks.put(ByteSpelling.of(token), rank) != null) {
        throw new InputException(
            file
                + ":"
                + number
                + ": rank "
                + rank
                + " stands where "
                + ranks.size()
                + " is due, or its token came before; fetch the file again");
      }
    }
    return ranks;
  }

  private static List<String> merges(Map<String, Integer> ranks) {
    record Split(String left, String right, int leftRank, int rightRank) {}
    List<String> merges = new ArrayList<>();
    Map<String, Integer> byToken = new HashMap<>(ranks);
    for (String token : ranks.keySet()) { // in the order of ranks
      List<Split> splits = new ArrayList<>();
      for (int at = 1; at < token.length(); at++) {
        String left = token.substring(0, at);
        String right = token.substring(at);
        Integer leftRank = byToken.get(left);
        Integer rightRank = byToken.get(right);
        if (leftRank != null && rightRank != null) {
          splits.add(new Split(left, right, leftRank, rightRank));
        }
      }
      splits.sort(Comparator.comparingInt(Split::leftRank).thenComparingInt(Split::rightRank));
      splits.forEach(split -> merges.add(split.left() + " " + split.right()));
    }
    return merges;
  }
}
