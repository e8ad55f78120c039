// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.text;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * SentencePiece's {@code tokenizer.model} of LLaMA 1 and 2 and Mistral: byte-pair encoding with
 * bytes for what no token has. The file is a protocol buffer; a merge is any two pieces that make
 * up a third, those of the highest score first.
 */
final class SentencePieceModel implements TokenizerForm {
  /** Of sentencepiece_model.proto: fields of the model, a piece, the trainer. */
  private static final int PIECES = 1;

  private static final int TRAINER = 2;
  private static final int PIECE_TEXT = 1;
  private static final int PIECE_SCORE = 2;
  private static final int PIECE_TYPE = 3;
  private static final int TRAINER_MODEL_TYPE = 3;
  private static final int MODEL_TYPE_BPE = 2;

  /** Types of pieces. */
  private static final int UNKNOWN = 2;

  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  private record Piece(String text, float score, int type) {}

  @Override
  public String files() {
    return "tokenizer.model (SentencePiece)";
  }

  @Override
  public Optional<String> read(Path directory) {
    Path file = directory.resolve("tokenizer.model");
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    List<Piece> pieces = pieces(file);
    Map<String, Integer> ids = new LinkedHashMap<>();
    BpeJson json = new BpeJson();
    String unknown = "<unk>";
    for (int id = 0; id < pieces.size(); id++) {
      Piece piece = pieces.get(id);
      if (ids.put(piece.text(), id) != null) {
        throw fault(file, "it has the piece '" + piece.text() + "' twice");
      }
      if (piece.type() == UNKNOWN) {
        unknown = piece.text();
      }
      if (piece.type() == UNKNOWN || piece.type() == CONTROL || piece.type() == USER_DEFINED) {
        json.special(piece.text(), id, false);
      }
    }
    json.byteFallback(unknown)
        .part(
            "normalizer",
            """
            {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\\u2581"},
              {"type": "Replace", "pattern": {"String": " "}, "content": "\\u2581"}]}""")
        .part(
            "decoder",
            """
            {"type": "Sequence", "decoders": [
              {"type": "Replace", "pattern": {"String": "\\u2581"}, "content": " "},
              {"type": "ByteFallback"}, {"type": "Fuse"},
              {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}""");
    Integer begin = ids.get("<s>");
    if (begin != null) {
      json.begin("<s>", begin);
    }
    return Optional.of(json.text(ids, merges(pieces, ids)));
  }

  private static List<String> merges(List<Piece> pieces, Map<String, Integer> ids) {
    record Merge(String left, String right, float score) {
      static int length(String piece) {
        return piece.codePointCount(0, piece.length());
      }
    }
    List<Merge> merges = new ArrayList<>();
    for (Piece piece : pieces) {
      String text = piece.text();
      List<Merge> splits = new ArrayList<>();
      for (int at = 1; at < text.length(); at++) {
        if (!Character.isLowSurrogate(text.charAt(at))
            && ids.containsKey(text.substring(0, at))
            && ids.containsKey(text.substring(at))) {
          splits.add(new Merge(text.substring(0, at), text.substring(at), piece.score()));
        }
      }
      splits.sort(
          Comparator.comparing((Merge m) -> ids.get(m.left()))
              .thenComparing((Merge m) -> ids.get(m.right())));
      merges.addAll(splits);
    }
    merges.sort(
        Comparator.comparingDouble((Merge m) -> -m.score())
            .thenComparing((Merge m) -> -Merge.length(m.left()))
            .thenComparing((Merge m) -> -Merge.length(m.right())));
    return merges.stream().map(merge -> merge.left() + " " + merge.right()).toList();
  }

  private static List<Piece> pieces(Path file) {
    List<Piece> pieces = new ArrayList<>();
    int modelType = 1; // unigram, if the file does not say
    try {
      Message model =
          new Message(ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN));
      while (model.next()) {
        if (model.field == PIECES) {
          pieces.add(piece(model.message()));
        } else if (model.field == TRAINER) {
          Message trainer = model.message();
          while (trainer.next()) {
            if (trainer.field == TRAINER_MODEL_TYPE) {
              modelType = (int) trainer.number();
            } else {
              trainer.skip();
            }
          }
        } else {
          model.skip();
        }
      }
    } catch (RuntimeException e) {
      throw new InputException(
          file + ": is neither SentencePiece's model nor tiktoken's ranks; fetch it again", e);
    } catch (IOException e) {
      throw new InputException("Cannot read " + file + " (" + e + "); check the file", e);
    }
    if (pieces.isEmpty()) {
      throw fault(file, "it has no pieces");
    }
    if (modelType != MODEL_TYPE_BPE) {
      throw fault(
          file,
          "it is not byte-pair encoding (its model_type is "
              + modelType
              + "); make a tokenizer.json of it, once in Python:"
              + " AutoTokenizer.from_pretrained(DIR).save_pretrained(DIR)");
    }
    return pieces;
  }

  private static Piece piece(Message message) {
    String text = "";
    float score = 0;
    int type = 1; // normal
    while (message.next()) {
      switch (message.field) {
        case PIECE_TEXT -> text = message.text();
        case PIECE_SCORE -> score = message.decimal();
        case PIECE_TYPE -> type = (int) message.number();
        default -> message.skip();
      }
    }
    return new Piece(text, score, type);
  }

  private static InputException fault(Path file, String what) {
    return new InputException(file + ": cannot be used: " + what);
  }

  /** The wire format of protocol buffers, field by field. */
  private static final class Message {
    private final ByteBuffer bytes;
    private int field;
    private int wireType;

    Message(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    boolean next() {
      if (!bytes.hasRemaining()) {
        return false;
      }
      long key = varint();
      field = (int) (key >>> 3);
      wireType = (int) (key & 7);
      return true;
    }

    private long varint() {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        byte b = bytes.get();
        value |= (long) (b & 0x7f) << shift;
        if (b >= 0) {
          return value;
        }
      }
      throw new IllegalArgumentException("a number of more than 64 bits");
    }

    private void expect(int type) {
      if (wireType != type) {
        throw new IllegalArgumentException("field " + field + " has wire type " + wireType);
      }
    }

    long number() {
      expect(0);
      return varint();
    }

    float decimal() {
      expect(5);
      return bytes.getFloat();
    }

    private ByteBuffer piece() {
      expect(2);
      int length = Math.toIntExact(varint());
      ByteBuffer piece = bytes.slice(bytes.position(), length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.position(bytes.position() + length);
      return piece;
    }

    String text() {
      return StandardCharsets.UTF_8.decode(piece()).toString();
    }

    Message message() {
      return new Message(piece());
    }

    void skip() {
      switch (wireType) {
        case 0 -> varint();
        case 1 -> bytes.position(bytes.position() + 8);
        case 2 -> piece();
        case 5 -> bytes.position(bytes.position() + 4);
        default -> throw new IllegalArgumentException("wire type " + wireType);
      }
    }
  }
}
