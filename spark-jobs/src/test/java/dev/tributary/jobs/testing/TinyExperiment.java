// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * An experiment that a laptop does in seconds, with its files: a LLaMA of two layers with weights
 * from a seed, a tokenizer that takes each byte for a token, sums as a corpus in GSM8K's layout.
 */
public final class TinyExperiment {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;

  private TinyExperiment(Path directory) {
    this.directory = directory;
  }

  /** Writes model and data into a directory. */
  public static TinyExperiment in(Path directory) {
    TinyExperiment tiny = new TinyExperiment(directory.toAbsolutePath());
    try {
      Files.createDirectories(tiny.directory.resolve("model"));
      Files.writeString(tiny.directory.resolve("model/config.json"), CONFIG);
      Files.writeString(tiny.directory.resolve("model/tokenizer.json"), tokenizer());
      Files.writeString(
          tiny.directory.resolve("model/tokenizer_config.json"),
          "{\"eos_token\": \"</s>\", \"tokenizer_class\": \"PreTrainedTokenizerFast\"}\n");
      Files.writeString(tiny.directory.resolve("train.jsonl"), sums(60, 1));
      Files.writeString(tiny.directory.resolve("test.jsonl"), sums(12, 2));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return tiny;
  }

  /**
   * Writes an experiment file.
   *
   * @param name of the file, of the experiment and of its run directory
   * @param localSteps steps of a client in a round
   * @return the file
   */
  public Path file(String name, int rounds, int localSteps) {
    String text =
        """
        experiment: %1$s
        seed: 5
        model: {config: %2$s/model/config.json, initialise: 3}
        data:
          corpus: gsm8k
          path: %2$s/train.jsonl
          max-tokens: 160
          template: none
          holdout: {train: 0.7, validation: 0.2, test: 0.1}
          splitter: {name: uniform, clients: 4}
          output: %2$s/split
        adapter: {method: lora, rank: 4, alpha: 8, dropout: 0.1, target-modules: [q_proj, v_proj]}
        training:
          rounds: %3$d
          clients-per-round: 3
          local-steps: %4$d
          batch-size: 4
          optimizer: {name: adamw, learning-rate: 1.0e-2}
          clip-norm: 1.0
        evaluation:
          every: 1
          tasks:
            - {name: loss, split: validation}
            - {name: gsm8k, path: %2$s/test.jsonl, limit: 4, shots: 0, new-tokens: 8}
        output: %2$s/runs/%1$s
        """
            .formatted(name, directory, rounds, localSteps);
    try {
      return Files.writeString(directory.resolve(name + ".yaml"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The run directory of {@link #file} with that name. */
  public Path output(String name) {
    return directory.resolve("runs").resolve(name);
  }

  private static final String CONFIG =
      """
      {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": 258,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "hidden_act": "silu",
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": true,
        "initializer_range": 0.1,
        "bos_token_id": 0,
        "eos_token_id": 1
      }
      """;

  /** Byte-level BPE without merges. */
  private static String tokenizer() {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    var added = root.putArray("added_tokens");
    for (int id = 0; id < 2; id++) {
      ObjectNode token = added.addObject();
      token.put("id", id).put("content", id == 0 ? "<s>" : "</s>").put("special", true);
      token.put("single_word", false).put("lstrip", false).put("rstrip", false);
      token.put("normalized", false);
    }
    root.putNull("normalizer");
    for (String part : new String[] {"pre_tokenizer", "decoder"}) {
      root.putObject(part)
          .put("type", "ByteLevel")
          .put("add_prefix_space", false)
          .put("trim_offsets", true)
          .put("use_regex", true);
    }
    root.putNull("post_processor");
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model.putNull("dropout").putNull("unk_token");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false);
    ObjectNode vocabulary = model.putObject("vocab");
    vocabulary.put("<s>", 0).put("</s>", 1);
    int shifted = 256;
    for (int b = 0; b < 256; b++) {
      // As GPT-2 writes bytes: those that print stand for themselves, others above 255.
      boolean prints = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      vocabulary.put(String.valueOf((char) (prints ? b : shifted++)), b + 2);
    }
    model.putArray("merges");
    return root.toPrettyString();
  }

  private static String sums(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      int a = random.nextInt(1, 50);
      int b = random.nextInt(1, 50);
      ObjectNode line = JSON.createObjectNode();
      line.put("question", "Ann has " + a + " nuts and finds " + b + ". How many?");
      line.put(
          "answer",
          a + " + " + b + " = <<" + a + "+" + b + "=" + (a + b) + ">>" + (a + b) + "\n#### "
              + (a + b));
      lines.append(line).append('\n');
    }
    return lines.toString();
  }
}
