// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.checkpoint;

import dev.tributary.fl.config.InputException;
import dev.tributary.fl.hub.Extent;
import dev.tributary.fl.hub.Hub;
import dev.tributary.fl.hub.HubSettings;
import dev.tributary.fl.hub.ModelName;
import dev.tributary.fl.hub.Snapshot;
import dev.tributary.fl.model.CheckpointException;
import dev.tributary.jobs.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Where the model lies that a user names; on the driver. What is there under that name on this
 * machine goes before a model of that name on a hub.
 *
 * @param given the name or path
 * @param directory a Hugging Face directory, if it is there at all
 * @param snapshot what the directory is of, where a hub's model was named
 */
public record ModelPlace(String given, Path directory, Optional<Snapshot> snapshot) {
  /** What a branch stood for when it was first asked for; it may move while a command runs. */
  private static final Map<ModelName, String> COMMITS = new ConcurrentHashMap<>();

  private static @Nullable Hub hub; // guarded by the class

  /**
   * Finds a model, and fetches it if it is on a hub and not in the cache.
   *
   * @throws InputException if it is a hub's model and cannot be had; a path is looked at when it is
   *     opened
   * @throws dev.tributary.fl.hub.HubException if the hub cannot be reached
   */
  public static ModelPlace find(String given, Extent extent, Progress progress) {
    Optional<ModelName> name = onHub(given);
    if (name.isEmpty()) {
      return new ModelPlace(given, path(given), Optional.empty());
    }
    String known = COMMITS.get(name.get());
    ModelName asked = known == null ? name.get() : name.get().at(known);
    Snapshot snapshot = hub().fetch(asked, extent, new FetchProgress(progress));
    COMMITS.putIfAbsent(name.get(), snapshot.commit());
    return new ModelPlace(given, snapshot.directory(), Optional.of(snapshot));
  }

  /**
   * Finds a model without asking any hub.
   *
   * @return empty if it would have to be fetched first
   * @throws InputException if it is a hub's model, not in the cache, and nothing may be fetched
   */
  public static Optional<ModelPlace> here(String given, Extent extent) {
    Optional<ModelName> name = onHub(given);
    if (name.isEmpty()) {
      return Optional.of(new ModelPlace(given, path(given), Optional.empty()));
    }
    Optional<Snapshot> snapshot = hub().find(name.get(), extent);
    if (snapshot.isEmpty() && !hub().settings().mayFetch()) {
      throw new InputException(hub().whyNotHere(name.get(), extent));
    }
    return snapshot.map(s -> new ModelPlace(given, s.directory(), Optional.of(s)));
  }

  /**
   * What is known of a hub's model without asking the hub, for people.
   *
   * @return empty for a path
   */
  public static Optional<String> told(String given) {
    return onHub(given)
        .map(
            name ->
                here(given, Extent.WHOLE)
                    .map(place -> "is in the cache, at " + place.directory())
                    .orElseGet(
                        () ->
                            "is not in the cache; it would be fetched from "
                                + hub().settings().endpoint().orElseThrow()
                                + " into "
                                + hub().settings().cache()));
  }

  /**
   * The name to ask for where a run goes on that was begun earlier: the branch that its file names
   * may have moved since.
   *
   * @param before as {@link #source} was then
   */
  public static String asBefore(String given, String before) {
    Optional<ModelName> then = ModelName.of(before).filter(ModelName::isCommit);
    boolean same =
        then.isPresent() && onHub(given).filter(n -> sameModel(n, then.get())).isPresent();
    return same ? before : given;
  }

  private static boolean sameModel(ModelName one, ModelName other) {
    return one.id().equals(other.id());
  }

  /** What model cards call it. */
  public String name() {
    return snapshot.map(s -> s.name().id()).orElse(given);
  }

  /** What stands for the same content later on: the path, or the name with the commit. */
  public String source() {
    return snapshot.map(s -> s.pinned().toString()).orElse(given);
  }

  private static Optional<ModelName> onHub(String given) {
    return ModelName.of(given).filter(name -> !Files.exists(Path.of(given)));
  }

  private static Path path(String given) {
    if (given.matches("[A-Za-z][A-Za-z0-9+.-]+://.*")) {
      throw new CheckpointException(
          "Cannot open checkpoint "
              + given
              + ": checkpoints are read as files; copy it to a file system that all machines see"
              + " under one path");
    }
    return Path.of(given);
  }

  private static synchronized Hub hub() {
    Hub known = hub;
    if (known == null) {
      Path home = Path.of(System.getProperty("user.home"));
      known = new Hub(HubSettings.of(System.getenv(), home));
      hub = known;
    }
    return known;
  }
}
