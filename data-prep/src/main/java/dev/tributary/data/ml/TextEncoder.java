// SPDX-License-Identifier: Apache-2.0
package dev.tributary.data.ml;

import dev.tributary.fl.text.Tokenizer;
import java.util.Arrays;
import org.apache.spark.ml.param.BooleanParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import scala.collection.mutable.WrappedArray;

/**
 * From texts to token ids: a column of strings becomes one of {@code array<int>}.
 *
 * <pre>{@code
 * Dataset<Row> tokens =
 *     new TextEncoder()
 *         .setInputCol("text")
 *         .setOutputCol("tokens")
 *         .setModelUrl("models/smollm2-135m")
 *         .transform(texts);
 * }</pre>
 *
 * <p>See {@link TokenizerStage} for what happens where.
 */
public final class TextEncoder extends TokenizerStage<TextEncoder> {
  private final IntParam maxLength;
  private final BooleanParam addSpecialTokens;

  public TextEncoder() {
    this(Identifiable$.MODULE$.randomUID("TextEncoder"));
  }

  /**
   * As Spark ML makes copies and reads what is stored.
   *
   * @param uid name of this stage, of its own
   */
  public TextEncoder(String uid) {
    super(uid);
    maxLength =
        new IntParam(
            this, "maxLength", "most tokens of a text; 0 to never cut", ParamValidators.gtEq(0));
    addSpecialTokens =
        new BooleanParam(
            this, "addSpecialTokens", "whether the tokenizer puts its special tokens around texts");
    setDefault(maxLength, 0);
    setDefault(addSpecialTokens, true);
  }

  public IntParam maxLength() {
    return maxLength;
  }

  public int getMaxLength() {
    return (int) getOrDefault(maxLength);
  }

  /**
   * Cuts longer texts at the right, in front of the special tokens at the end if there are some. A
   * text that was cut has just so many tokens; others may have as many.
   *
   * @param tokens at least 1, or 0, the default, to cut none
   */
  public TextEncoder setMaxLength(int tokens) {
    set(maxLength, (Object) tokens);
    return this;
  }

  public BooleanParam addSpecialTokens() {
    return addSpecialTokens;
  }

  public boolean getAddSpecialTokens() {
    return (boolean) getOrDefault(addSpecialTokens);
  }

  /** Whether a text gets the special tokens that the tokenizer puts around one, as by default. */
  public TextEncoder setAddSpecialTokens(boolean add) {
    set(addSpecialTokens, (Object) add);
    return this;
  }

  /** Reads what {@link #save} wrote. */
  public static TextEncoder load(String path) {
    return read().load(path);
  }

  public static MLReader<TextEncoder> read() {
    return new DefaultParamsReader<>();
  }

  @Override
  Conversion conversion() {
    return new Encoding(getMaxLength(), getAddSpecialTokens());
  }

  @Override
  protected boolean accepts(DataType input) {
    return input.equals(DataTypes.StringType);
  }

  @Override
  protected String accepted() {
    return "string";
  }

  @Override
  protected DataType output() {
    return DataTypes.createArrayType(DataTypes.IntegerType, false);
  }

  @Override
  protected TextEncoder self() {
    return this;
  }

  private record Encoding(int maxLength, boolean specials) implements Conversion {
    @Override
    public Object convert(Tokenizer tokenizer, Row row, int column) {
      String text = row.getString(column);
      int[] tokens = specials ? tokenizer.encode(text) : tokenizer.encodePlain(text);
      boolean whole = maxLength == 0 || tokens.length <= maxLength;
      int kept = specials ? Math.min(tokenizer.specialsAfter(), maxLength) : 0;
      // As rows hold arrays: a stage that follows may be given this very object.
      return new WrappedArray.ofInt(whole ? tokens : cut(tokens, kept));
    }

    private int[] cut(int[] tokens, int kept) {
      int[] cut = Arrays.copyOf(tokens, maxLength);
      System.arraycopy(tokens, tokens.length - kept, cut, maxLength - kept, kept);
      return cut;
    }
  }
}
