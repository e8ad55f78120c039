// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.parity;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.model.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Checks that this machine and build compute what transformers, PEFT and torch.optim computed, from
 * folders with their recorded outputs.
 *
 * <p>A folder is a set's root or any folder in one. The root, which paths in the recordings count
 * from, is the nearest ancestor with a folder {@code models}. Each output is compared element by
 * element with the recorded one; a line says how far they are apart and how far they may be:
 *
 * <pre>
 * OK models/llama logits 1.2e-5 &lt;= 1.1e-4
 * MISS models/opt logits 3.1e-2 &gt; 1.1e-4
 * MISS models/bloom all outputs: ...: model_type = "bloom" cannot be used; ...
 * </pre>
 */
public final class Parity {
  /** Folders inside folders that are looked into; links could otherwise lead in circles. */
  private static final int DEPTH = 4;

  /**
   * What came out.
   *
   * @param agreed outputs within their tolerance
   * @param missed outputs beyond it, and folders that are not supported
   */
  public record Outcome(int agreed, int missed) {
    /** 0 if everything agreed, 1 otherwise. */
    public int exitCode() {
      return missed == 0 ? 0 : 1;
    }
  }

  private Parity() {}

  /**
   * Runs every case in the folders, in the order given, sorted by name inside each.
   *
   * @param tokenizers folder with tokenizers by name, for recordings of tokenizers
   * @param data folder with {@code gsm8k} and {@code dolly}, for recordings of tokenizers
   * @param device where models are computed
   * @param out takes the lines
   * @throws InputException if nothing is recognised in one of the folders; nothing has run then
   */
  public static Outcome check(
      List<Path> folders,
      Optional<Path> tokenizers,
      Optional<Path> data,
      Device device,
      Consumer<String> out) {
    Map<Path, ParityCase> cases = new LinkedHashMap<>();
    for (Path folder : folders) {
      Path place = folder.toAbsolutePath().normalize();
      if (!Files.isDirectory(place)) {
        throw new InputException(
            "Cannot check " + folder + ": there is no such folder; give one with recordings");
      }
      Optional<Path> root = root(place);
      Map<Path, ParityCase> found = new LinkedHashMap<>();
      collect(place, root, tokenizers, data, device, DEPTH, found);
      if (found.isEmpty()) {
        throw new InputException(
            "Cannot check "
                + folder
                + ": nothing in it is recognised as a recording; give a set's root, a model or an"
                + " adapter with a folder golden beside its config, or a folder with"
                + " optimisers.json");
      }
      cases.putAll(found);
    }
    Report report = new Report(out);
    cases
        .values()
        .forEach(each -> report.attempt(each.name(), "all outputs", () -> each.run(report)));
    return report.outcome();
  }

  private static Optional<Path> root(Path place) {
    for (Path at = place; at != null; at = at.getParent()) {
      if (Files.isDirectory(at.resolve("models"))) {
        return Optional.of(at);
      }
    }
    return Optional.empty();
  }

  private static void collect(
      Path folder,
      Optional<Path> root,
      Optional<Path> tokenizers,
      Optional<Path> data,
      Device device,
      int depth,
      Map<Path, ParityCase> found) {
    Optional<ParityCase> recognised = recognise(folder, root, tokenizers, data, device);
    if (recognised.isPresent()) {
      found.put(folder, recognised.get());
      return;
    }
    if (depth == 0) {
      return;
    }
    for (Path child : children(folder)) {
      collect(child, root, tokenizers, data, device, depth - 1, found);
    }
  }

  private static List<Path> children(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      return new ArrayList<>(all.filter(Files::isDirectory).sorted().toList());
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + folder, e);
    }
  }

  private static Optional<ParityCase> recognise(
      Path folder,
      Optional<Path> root,
      Optional<Path> tokenizers,
      Optional<Path> data,
      Device device) {
    Recording recording = new Recording(folder, root);
    if (recording.has("adapter_config.json") && recording.has("golden")) {
      return Optional.of(new AdapterCase(recording, device));
    }
    if (recording.has("config.json") && recording.has("golden")) {
      return Optional.of(new ModelCase(recording, device));
    }
    if (recording.has("optimisers.json")) {
      return Optional.of(new OptimizerCase(recording, device));
    }
    if (recording.has("strings.json") || recording.has("alpaca.json")) {
      return Optional.of(new TokenizerCase(recording, tokenizers, data));
    }
    if (recording.has("expected.safetensors") && recording.has("client_0.safetensors")) {
      return Optional.of(new AggregationCase(recording));
    }
    if (recording.has("meta.json") && recording.meta("meta.json").has("adapter_dtype")) {
      return Optional.of(new BFloat16Case(recording, device));
    }
    return Optional.empty();
  }
}
