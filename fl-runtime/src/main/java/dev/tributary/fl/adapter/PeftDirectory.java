// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.adapter;

import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tributary.fl.config.Providers;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.fl.model.ConfigJson;
import dev.tributary.fl.model.ModelConfig;
import dev.tributary.fl.model.SafetensorsFile;
import dev.tributary.fl.model.SafetensorsWriter;
import dev.tributary.fl.model.WholeDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * An adapter as a directory that PEFT (and what builds on it) loads: {@code adapter_config.json},
 * {@code adapter_model.safetensors} and a model card, {@code README.md}.
 *
 * <p>The same adapter and card give the same bytes; the tensor file is the one that PEFT itself
 * would write. Full fine-tuning has no counterpart in PEFT: its directory has the same files, with
 * {@code "peft_type": "FULL"} and the model's parameters under the checkpoint's names; its card
 * says how to make a checkpoint of it.
 */
public final class PeftDirectory {
  /** The file with the method and its settings. */
  public static final String CONFIG_FILE = "adapter_config.json";

  /** The file with the trained tensors. */
  public static final String TENSOR_FILE = "adapter_model.safetensors";

  /** In front of every module's name in PEFT's files. */
  static final String PREFIX = "base_model.model.";

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Beside PEFT's own files where an encoder made what they hold: the encoder's tensors, so that
   * training can go on. PEFT takes no notice of it.
   */
  public static final String ENCODER_FILE = "prompt_encoder.safetensors";

  /**
   * What a directory holds.
   *
   * @param method how the tensors enter the model
   * @param state all trained tensors, in the method's own order, float32
   * @param baseModel name or path of the base, as the directory gives it; may be empty
   * @param described what the directory says that it was trained by: another method only where an
   *     encoder made the tensors, and is not there
   */
  public record Contents(
      AdapterMethod method, NamedTensors state, String baseModel, AdapterMethod described) {}

  private PeftDirectory() {}

  /**
   * Writes a directory in place of what is there.
   *
   * @param adapter what was trained
   * @param baseModel name or path of the checkpoint that was fine-tuned
   * @param facts rows of the model card, in order: data, rounds, scores ...
   * @throws IllegalArgumentException if the method has no such directory
   */
  public static void write(
      Path directory, Trained adapter, String baseModel, Map<String, String> facts) {
    AdapterMethod method = adapter.method();
    NamedTensors state = adapter.state();
    PeftFormat format =
        formats().stream()
            .filter(f -> f.writes(method))
            .findFirst()
            .orElseThrow(
                () -> new IllegalArgumentException("There is no adapter directory for " + method));
    ObjectNode config = JSON.createObjectNode();
    config.put("peft_type", format.peftType());
    config.put("task_type", "CAUSAL_LM");
    config.put("base_model_name_or_path", baseModel);
    config.put("inference_mode", true);
    format.describe(method, adapter.model(), config);
    Map<String, NamedTensors.Tensor> named = new TreeMap<>(); // PEFT's files are sorted by name
    adapter
        .entering()
        .byName()
        .forEach((name, tensor) -> named.put(format.nameInFile(name), tensor));
    String card = card(format, method, state, baseModel, facts);
    WholeDirectory.write(
        directory,
        temporary -> {
          new SafetensorsWriter()
              .add(new NamedTensors(named))
              .writeTo(temporary.resolve(TENSOR_FILE));
          if (adapter.encoder().isPresent()) {
            new SafetensorsWriter().add(state).writeTo(temporary.resolve(ENCODER_FILE));
          }
          Files.writeString(temporary.resolve(CONFIG_FILE), text(config));
          Files.writeString(temporary.resolve("README.md"), card);
        });
  }

  /**
   * Reads and checks a directory, whoever wrote it.
   *
   * @param model the base that it is to be used on
   * @throws CheckpointException if anything is missing or cut, asks for something that is not
   *     computed, or does not fit the base; both sides are named
   */
  public static Contents read(Path directory, ModelConfig model) {
    if (!Files.isDirectory(directory)) {
      throw new CheckpointException(
          "Cannot read adapter "
              + directory
              + ": there is no such directory; give one with adapter_config.json and"
              + " adapter_model.safetensors");
    }
    if (!Files.isRegularFile(directory.resolve(CONFIG_FILE))) {
      String checkpoint =
          Files.exists(directory.resolve("config.json"))
              ? "; it is a checkpoint, give it as the model"
              : "; give a directory as PEFT's save_pretrained writes it";
      throw new CheckpointException(
          "Cannot read adapter " + directory + ": it has no adapter_config.json" + checkpoint);
    }
    ConfigJson config = ConfigJson.open(directory.resolve(CONFIG_FILE));
    String type = config.text("peft_type");
    PeftFormat format =
        formats().stream()
            .filter(f -> f.peftType().equalsIgnoreCase(type))
            .findFirst()
            .orElseThrow(
                () ->
                    config.fault(
                        "peft_type",
                        "adapters that can be read are "
                            + formats().stream().map(PeftFormat::peftType).toList()));
    AdapterMethod described = format.read(config, model);
    String base = config.text("base_model_name_or_path", "");
    boolean encoder = Files.isRegularFile(directory.resolve(ENCODER_FILE));
    AdapterMethod method = encoder ? described : described.saved();
    String file = encoder ? ENCODER_FILE : TENSOR_FILE;
    return new Contents(
        method, tensors(directory, file, format, method, model, base), base, described);
  }

  /**
   * An adapter's tensors as another training's start.
   *
   * @param method that is to be trained
   * @return all its trained tensors, in its order
   * @throws CheckpointException as {@link #read}, or if they are another method's
   */
  public static NamedTensors start(Path directory, AdapterMethod method, ModelConfig model) {
    Contents contents = read(directory, model);
    Map<String, NamedTensors.Tensor> state = new LinkedHashMap<>();
    try {
      Placement wanted = method.placement(model);
      wanted.check(contents.state());
      for (String name : wanted.shapes().keySet()) {
        state.put(name, contents.state().get(name));
      }
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(
          "Cannot start from adapter "
              + directory
              + ": it holds "
              + contents.method()
              + ", to be trained is "
              + method
              + " ("
              + e.getMessage()
              + "); describe the same in the group adapter",
          e);
    }
    return new NamedTensors(state);
  }

  /** Of all methods on the class path, by name of the method. */
  private static List<PeftFormat> formats() {
    Providers<?> methods = Providers.of(AdapterMethod.Provider.class);
    return methods.names().stream()
        .flatMap(name -> methods.find(name).stream())
        .flatMap(provider -> ((AdapterMethod.Provider<?>) provider).format().stream())
        .toList();
  }

  private static NamedTensors tensors(
      Path directory,
      String fileName,
      PeftFormat format,
      AdapterMethod method,
      ModelConfig model,
      String base) {
    Path path = directory.resolve(fileName);
    if (!Files.isRegularFile(path)) {
      String pickle =
          Files.exists(directory.resolve("adapter_model.bin"))
              ? "only adapter_model.bin, a pickle, which can run code and is not read; convert it"
                  + " once with PEFT: PeftModel.from_pretrained(BASE, DIR).save_pretrained(NEW)"
              : "no adapter_model.safetensors; copy the whole directory";
      throw new CheckpointException("Cannot read adapter " + directory + ": it has " + pickle);
    }
    SafetensorsFile file = SafetensorsFile.open(path);
    Map<String, SafetensorsFile.Entry> found = new LinkedHashMap<>();
    file.entries().values().forEach(entry -> found.put(format.nameInState(entry.name()), entry));
    Map<String, List<Long>> wanted = method.placement(model).shapes();
    Set<String> missing = new LinkedHashSet<>(wanted.keySet());
    missing.removeAll(found.keySet());
    Set<String> superfluous = new LinkedHashSet<>(found.keySet());
    superfluous.removeAll(wanted.keySet());
    String fits =
        base.isEmpty()
            ? "is it an adapter of another base model?"
            : "it was trained on '" + base + "': use it on that model";
    if (!missing.isEmpty() || !superfluous.isEmpty()) {
      throw new CheckpointException(
          path
              + ": does not fit a "
              + model.modelType()
              + " model of "
              + model.layers()
              + " layers: "
              + (missing.isEmpty() ? "" : "it lacks " + abridged(missing))
              + (missing.isEmpty() || superfluous.isEmpty() ? "" : "; ")
              + (superfluous.isEmpty()
                  ? ""
                  : "it has "
                      + abridged(superfluous)
                      + ", which the model and adapter_config.json have no place for")
              + "; "
              + fits);
    }
    Map<String, NamedTensors.Tensor> state = new LinkedHashMap<>();
    wanted.forEach(
        (name, shape) -> {
          SafetensorsFile.Entry entry = found.get(name);
          if (entry == null || !entry.shape().equals(shape)) {
            throw new CheckpointException(
                path
                    + ": "
                    + name
                    + " has shape "
                    + (entry == null ? "none" : entry.shape())
                    + ", "
                    + CONFIG_FILE
                    + " and the model ask for "
                    + shape
                    + "; "
                    + fits);
          }
          state.put(name, file.tensor(entry.name()));
        });
    return new NamedTensors(state);
  }

  private static String abridged(Collection<String> names) {
    List<String> first = names.stream().limit(8).toList();
    return names.size() <= 8 ? first.toString() : first + " and " + (names.size() - 8) + " more";
  }

  /** Sorted keys, one a line, as PEFT writes it. */
  private static String text(ObjectNode config) throws IOException {
    Map<String, Object> sorted = new TreeMap<>();
    config.properties().forEach(e -> sorted.put(e.getKey(), e.getValue()));
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
    printer.indentObjectsWith(lines);
    printer.indentArraysWith(lines);
    return JSON.writer(printer).writeValueAsString(sorted) + "\n";
  }

  private static String card(
      PeftFormat format,
      AdapterMethod method,
      NamedTensors state,
      String baseModel,
      Map<String, String> facts) {
    List<String> lines = new ArrayList<>();
    lines.add("---");
    lines.add("base_model: \"" + baseModel.replace("\\", "\\\\").replace("\"", "\\\"") + "\"");
    lines.add("library_name: " + format.library());
    lines.add("pipeline_tag: text-generation");
    lines.add("tags:");
    lines.add("- federated-learning");
    lines.add("- tributary");
    lines.add("---");
    lines.add("");
    lines.add("# " + format.title() + " of " + baseModel);
    lines.add("");
    lines.add(format.use());
    lines.add("");
    lines.add("| | |");
    lines.add("|---|---|");
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("base model", baseModel);
    rows.putAll(format.facts(method));
    rows.put("trained parameters", Long.toString(state.elements()));
    rows.putAll(facts);
    rows.forEach(
        (label, value) ->
            lines.add("| " + label + " | " + value.replace("|", "\\|").replace("\n", " ") + " |"));
    lines.add("");
    return String.join("\n", lines);
  }
}
