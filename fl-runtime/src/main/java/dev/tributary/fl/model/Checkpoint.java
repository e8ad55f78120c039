// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import dev.tributary.fl.adapter.NamedTensors;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A Hugging Face model directory: config.json, weights in one or several {@code .safetensors}
 * files, tokenizer files. Opening checks that every parameter is there with the right shape; the
 * values stay on disk.
 */
public final class Checkpoint {
  /** What transformers saves beside the weights, and what an export carries over. */
  static final List<String> COMPANIONS =
      List.of(
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "tokenizer.model",
          "vocab.json",
          "merges.txt",
          "gpt2-vocab.json",
          "gpt2-merges.txt",
          "encoder.json",
          "vocab.bpe",
          "chat_template.jinja");

  private static final Map<String, String> HASHES = new ConcurrentHashMap<>();

  /** Where a parameter's values are stored; the entry's name may lack the family's prefix. */
  public record Stored(SafetensorsFile file, Path path, SafetensorsFile.Entry entry) {}

  private final Path directory;
  private final ConfigJson json;
  private final ModelFamily family;
  private final ModelConfig config;
  private final Map<String, Stored> parameters;
  private final Set<String> superfluous;
  private final List<Path> tensorFiles;

  private Checkpoint(
      Path directory,
      ConfigJson json,
      ModelFamily family,
      ModelConfig config,
      List<Path> tensorFiles) {
    this.directory = directory;
    this.json = json;
    this.family = family;
    this.config = config;
    this.tensorFiles = List.copyOf(tensorFiles);
    Map<String, Stored> found = new TreeMap<>();
    for (Path path : tensorFiles) {
      SafetensorsFile file = SafetensorsFile.open(path);
      for (SafetensorsFile.Entry entry : file.entries().values()) {
        Stored other = found.put(entry.name(), new Stored(file, path, entry));
        if (other != null) {
          throw new CheckpointException(
              "Checkpoint "
                  + directory
                  + ": tensor "
                  + entry.name()
                  + " is in "
                  + other.path().getFileName()
                  + " and in "
                  + path.getFileName()
                  + "; remove the file that does not belong there");
        }
      }
    }
    this.superfluous = new TreeSet<>(found.keySet());
    this.parameters = matched(found);
    checkSuperfluous();
  }

  /**
   * Opens and checks a directory.
   *
   * @throws CheckpointException if anything is missing, cut, misshapen or not supported
   */
  public static Checkpoint open(Path directory) {
    if (!Files.isDirectory(directory)) {
      throw new CheckpointException(
          "Cannot open checkpoint "
              + directory
              + ": there is no such directory; give a Hugging Face directory with config.json,"
              + " model.safetensors and tokenizer.json");
    }
    Path configFile = directory.resolve("config.json");
    if (!Files.isRegularFile(configFile)) {
      String adapter =
          Files.exists(directory.resolve("adapter_config.json"))
              ? "; this is an adapter: give it as adapter, and its base model as checkpoint"
              : "; give a Hugging Face directory with config.json, model.safetensors and"
                  + " tokenizer.json";
      throw new CheckpointException(
          "Cannot open checkpoint " + directory + ": it has no config.json" + adapter);
    }
    ConfigJson json = ConfigJson.open(configFile);
    ModelFamily family = ModelFamily.of(json);
    ModelConfig config = family.read(json, endOfText(directory, json));
    return new Checkpoint(directory, json, family, config, tensorFiles(directory));
  }

  public Path directory() {
    return directory;
  }

  public ModelConfig config() {
    return config;
  }

  /** The files in the directory that the model is read from, without the tokenizer's. */
  public List<Path> files() {
    List<Path> files = new ArrayList<>(List.of(json.file()));
    for (String name : List.of("generation_config.json", "model.safetensors.index.json")) {
      if (Files.isRegularFile(directory.resolve(name))) {
        files.add(directory.resolve(name));
      }
    }
    files.addAll(tensorFiles);
    return List.copyOf(files);
  }

  /** config.json itself. */
  public ConfigJson json() {
    return json;
  }

  public ModelFamily family() {
    return family;
  }

  /** Where each of {@link ModelConfig#parameters()} is stored, under the same names and order. */
  public Map<String, Stored> parameters() {
    return parameters;
  }

  /** Tensors of the files that are no parameters of the model, sorted. */
  Set<String> superfluous() {
    return Collections.unmodifiableSet(superfluous);
  }

  /**
   * A parameter's values on the heap, as float32.
   *
   * @throws IllegalArgumentException if the model has no such parameter
   */
  public NamedTensors.Tensor parameter(String name) {
    Stored stored = parameters.get(name);
    if (stored == null) {
      throw new IllegalArgumentException(
          "The model has no parameter " + name + " among " + parameters.keySet());
    }
    return stored.file().tensor(stored.entry().name());
  }

  /**
   * SHA-256 of the content: of config.json and the tensor files, whatever the directory is called.
   * Computed once per JVM as long as sizes and times of the files stay.
   *
   * @return 64 hexadecimal digits
   */
  public String sha256() {
    MessageDigest all = sha256Digest();
    List<Path> files = new ArrayList<>(tensorFiles);
    files.add(0, json.file());
    for (Path file : files) {
      all.update((file.getFileName() + " " + hash(file) + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(all.digest());
  }

  @Override
  public String toString() {
    return config.modelType() + " checkpoint " + directory;
  }

  // ---- opening

  /** generation_config.json is what generation follows; config.json where there is none. */
  private static List<Integer> endOfText(Path directory, ConfigJson json) {
    Path generation = directory.resolve("generation_config.json");
    if (Files.isRegularFile(generation)) {
      ConfigJson generationJson = ConfigJson.open(generation);
      if (generationJson.has("eos_token_id")) {
        return generationJson.tokens("eos_token_id");
      }
    }
    return json.tokens("eos_token_id");
  }

  private static List<Path> tensorFiles(Path directory) {
    Path index = directory.resolve("model.safetensors.index.json");
    Path single = directory.resolve("model.safetensors");
    if (Files.isRegularFile(single)) {
      return List.of(single);
    }
    if (Files.isRegularFile(index)) {
      return shards(directory, ConfigJson.open(index));
    }
    for (String pickle : List.of("pytorch_model.bin", "pytorch_model.bin.index.json")) {
      if (Files.exists(directory.resolve(pickle))) {
        throw new CheckpointException(
            "Cannot open checkpoint "
                + directory
                + ": its weights are only in "
                + pickle
                + ", a pickle, which can run code and is not read; convert it once in Python:"
                + " AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(NEW,"
                + " safe_serialization=True)");
      }
    }
    throw new CheckpointException(
        "Cannot open checkpoint "
            + directory
            + ": it has neither model.safetensors nor model.safetensors.index.json; fetch the"
            + " weights into it");
  }

  private static List<Path> shards(Path directory, ConfigJson index) {
    ConfigJson map =
        index
            .object("weight_map")
            .orElseThrow(() -> index.fault("weight_map", "fetch the file again"));
    Set<String> names = new LinkedHashSet<>();
    map.node().forEach(name -> names.add(name.asText()));
    List<Path> files = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    Path folder = directory.toAbsolutePath().normalize();
    for (String name : new TreeSet<>(names)) {
      Path file = folder.resolve(name).normalize();
      if (!folder.equals(file.getParent())) {
        throw index.fault("weight_map", "the shard '" + name + "' is not in the same directory");
      }
      if (Files.isRegularFile(file)) {
        files.add(file);
      } else {
        missing.add(name);
      }
    }
    if (!missing.isEmpty() || files.isEmpty()) {
      throw new CheckpointException(
          "Checkpoint "
              + directory
              + ": of "
              + names.size()
              + " files that model.safetensors.index.json names these are missing: "
              + missing
              + "; fetch them");
    }
    return files;
  }

  /** The parameters that the config wants, taken out of what the files have. */
  private Map<String, Stored> matched(Map<String, Stored> found) {
    Map<String, List<Long>> wanted = config.parameters();
    List<String> missing = new ArrayList<>();
    Map<String, Stored> result = new LinkedHashMap<>();
    for (Map.Entry<String, List<Long>> parameter : wanted.entrySet()) {
      String name = parameter.getKey();
      Stored stored = found.get(name);
      if (stored == null && name.startsWith(family.prefix())) {
        stored = found.get(name.substring(family.prefix().length()));
      }
      if (stored == null) {
        missing.add(name);
        continue;
      }
      checkStored(name, stored, parameter.getValue());
      superfluous.remove(stored.entry().name());
      result.put(name, stored);
    }
    if (!missing.isEmpty()) {
      throw new CheckpointException(
          "Checkpoint "
              + directory
              + ": "
              + missing.size()
              + " of "
              + wanted.size()
              + " parameters are in none of its files: "
              + SafetensorsFile.abridged(missing)
              + (superfluous.isEmpty()
                  ? ""
                  : "; there are instead " + SafetensorsFile.abridged(superfluous))
              + "; config.json does not belong to these weights, or a file is missing");
    }
    return Collections.unmodifiableMap(result);
  }

  private static void checkStored(String name, Stored stored, List<Long> shape) {
    if (!stored.entry().shape().equals(shape)) {
      throw new CheckpointException(
          stored.path()
              + ": "
              + name
              + " has shape "
              + stored.entry().shape()
              + ", config.json asks for "
              + shape
              + "; config.json and weights do not belong together");
    }
    if (stored.entry().type().weightType().isEmpty()) {
      throw new CheckpointException(
          stored.path()
              + ": "
              + name
              + " holds "
              + stored.entry().type()
              + "; weights are read as F32, BF16 or F16: save the model in one of them");
    }
  }

  /**
   * A tensor that the model would not compute with would change every output, or is of another
   * model: refused, but for tables that it computes itself and a tied head stored twice.
   */
  private void checkSuperfluous() {
    superfluous.removeIf(name -> family.buffers().stream().anyMatch(name::endsWith));
    if (config.tiedHead()) {
      superfluous.remove("lm_head.weight");
    }
    if (!superfluous.isEmpty()) {
      throw new CheckpointException(
          "Checkpoint "
              + directory
              + ": it has "
              + superfluous.size()
              + " tensors that a model of type "
              + config.modelType()
              + " and this shape is computed without: "
              + SafetensorsFile.abridged(superfluous)
              + "; are model_type and sizes in config.json right? If the tensors are of no use,"
              + " save the model again with transformers, which leaves them out");
    }
  }

  // ---- hashing

  private static String hash(Path file) {
    try {
      Path real = file.toRealPath();
      String key = real + " " + Files.size(real) + " " + Files.getLastModifiedTime(real);
      String known = HASHES.get(key);
      if (known == null) {
        known = computeHash(real);
        HASHES.put(key, known);
      }
      return known;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  private static String computeHash(Path file) throws IOException {
    MessageDigest digest = sha256Digest();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      byte[] piece = new byte[1 << 20];
      while (in.read(piece) >= 0) {
        // reading is what updates the digest
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256Digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
