// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.ml;

import dev.tributary.fl.text.Tokenizer;
import java.util.List;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.jspecify.annotations.Nullable;

/**
 * From token ids to texts: a column of {@code array<int>} or {@code array<bigint>} becomes one of
 * strings. What {@link TextEncoder} made becomes the text it was, as far as the tokenizer keeps all
 * of it; some tokenizers do not, e.g. those that know lower case only.
 *
 * <pre>{@code
 * Dataset<Row> texts =
 *     new TextDecoder()
 *         .setInputCol("tokens")
 *         .setOutputCol("text")
 *         .setModelUrl("models/smollm2-135m")
 *         .transform(tokens);
 * }</pre>
 *
 * <p>See {@link TokenizerStage} for what happens where. A job fails at an id that the tokenizer
 * does not have.
 */
public final class TextDecoder extends TokenizerStage<TextDecoder> {
  private final BooleanParam skipSpecialTokens;

  public TextDecoder() {
    this(Identifiable$.MODULE$.randomUID("TextDecoder"));
  }

  /**
   * As Spark ML makes copies and reads what is stored.
   *
   * @param uid name of this stage, of its own
   */
  public TextDecoder(String uid) {
    super(uid);
    skipSpecialTokens =
        new BooleanParam(this, "skipSpecialTokens", "whether texts are without special tokens");
    setDefault(skipSpecialTokens, true);
  }

  public BooleanParam skipSpecialTokens() {
    return skipSpecialTokens;
  }

  public boolean getSkipSpecialTokens() {
    return (boolean) getOrDefault(skipSpecialTokens);
  }

  /** Whether special tokens are left out of the text, as by default, or spelt out. */
  public TextDecoder setSkipSpecialTokens(boolean skip) {
    set(skipSpecialTokens, (Object) skip);
    return this;
  }

  /** Reads what {@link #save} wrote. */
  public static TextDecoder load(String path) {
    return read().load(path);
  }

  public static MLReader<TextDecoder> read() {
    return new DefaultParamsReader<>();
  }

  @Override
  Conversion conversion() {
    return new Decoding(getSkipSpecialTokens());
  }

  @Override
  protected boolean accepts(DataType input) {
    return input instanceof ArrayType array
        && (array.elementType().equals(DataTypes.IntegerType)
            || array.elementType().equals(DataTypes.LongType));
  }

  @Override
  protected String accepted() {
    return "array<int> or array<bigint>";
  }

  @Override
  protected DataType output() {
    return DataTypes.StringType;
  }

  @Override
  protected TextDecoder self() {
    return this;
  }

  private record Decoding(boolean skipSpecials) implements Conversion {
    @Override
    public Object convert(Tokenizer tokenizer, Row row, int column) {
      List<@Nullable Number> ids = row.getList(column);
      int[] tokens = new int[ids.size()];
      int place = 0;
      for (Number id : ids) {
        if (id == null || id.longValue() < 0 || id.longValue() >= tokenizer.size()) {
          throw new IllegalArgumentException(
              String.format(
                  "Cannot decode token %s, at place %d of %d: %s has tokens 0 to %d; give the"
                      + " tokenizer that made them",
                  id, place, tokens.length, tokenizer, tokenizer.size() - 1));
        }
        tokens[place++] = id.intValue();
      }
      return skipSpecials ? tokenizer.decode(tokens) : tokenizer.decodeWithSpecials(tokens);
    }
  }
}
