// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.model;

import java.util.List;
import java.util.ServiceLoader;

/**
 * A kind of architecture: how its {@code config.json} is read, and which TorchScript source
 * computes it. Found by {@link ServiceLoader}.
 */
public interface ModelFamily {
  /** Values of {@code model_type} that belong to it. */
  List<String> modelTypes();

  /**
   * Reads and checks a config.json.
   *
   * @param endOfText tokens that end a text, from generation_config.json or config.json
   * @throws CheckpointException if it asks for something that the family's source does not compute
   */
  ModelConfig read(ConfigJson json, List<Integer> endOfText);

  /** Class path resource of the TorchScript source, absolute without a leading slash. */
  String script();

  /**
   * Whether the source has a backward pass of its own for low-rank adapters, {@code gradients};
   * everything else goes by autograd.
   */
  default boolean hasLowRankBackward() {
    return false;
  }

  /**
   * What stands in front of the transformer's parameter names, e.g. {@code model.}; files saved
   * from the bare transformer leave it out.
   */
  String prefix();

  /**
   * Ends of tensor names that files of this family may hold although they are no parameters: tables
   * that the model computes itself.
   */
  default List<String> buffers() {
    return List.of();
  }

  /** The family of a model type, if one on the class path knows it. */
  static ModelFamily of(ConfigJson json) {
    String modelType = json.text("model_type");
    List<ModelFamily> all =
        ServiceLoader.load(ModelFamily.class, ModelFamily.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList();
    return all.stream()
        .filter(family -> family.modelTypes().contains(modelType))
        .findFirst()
        .orElseThrow(
            () ->
                json.fault(
                    "model_type",
                    "models of this type are not supported; supported are "
                        + all.stream()
                            .flatMap(family -> family.modelTypes().stream())
                            .sorted()
                            .toList()));
  }
}
