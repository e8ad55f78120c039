// SPDX-License-Identifier: Apache-2.0
package dev.tributary.fl.hub;

import dev.tributary.fl.config.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Models by name: from the cache, and where a hub is named from there into the cache. On the
 * driver; any thread.
 *
 * <p>Only what is read is fetched: config, tokenizer files, weights in {@code .safetensors} files.
 * Every file is checked against the hub's checksum before it gets its name.
 */
public final class Hub {
  private final HubSettings settings;
  private final HubCache cache;
  private final Patience patience;

  public Hub(HubSettings settings) {
    this(settings, Patience.DEFAULT);
  }

  Hub(HubSettings settings, Patience patience) {
    this.settings = settings;
    this.cache = new HubCache(settings.cache());
    this.patience = patience;
  }

  public HubSettings settings() {
    return settings;
  }

  /**
   * Looks into the cache, and asks nobody.
   *
   * @return empty if it is not there, or not all of it
   */
  public Optional<Snapshot> find(ModelName name, Extent extent) {
    return cache.find(name).filter(snapshot -> snapshot.missing(extent).isEmpty());
  }

  /**
   * Finds a model, and fetches of it what is not in the cache. A branch or tag is looked up anew on
   * the hub; where that cannot be reached, what the cache has of it is taken, and said so.
   *
   * @throws InputException if there is no such model, or not for this user, or it is not in the
   *     cache and there is no hub to ask
   * @throws HubException if the hub cannot be reached, or what it sends is not what it announced
   * @throws UncheckedIOException if the cache cannot be written
   */
  public Snapshot fetch(ModelName name, Extent extent, FetchListener listener) {
    Optional<Snapshot> here = find(name, extent);
    if (!settings.mayFetch()) {
      return here.orElseThrow(() -> new InputException(whyNotHere(name, extent)));
    }
    if (name.isCommit() && here.filter(Snapshot::hasTokenizer).isPresent()) {
      return here.get();
    }
    HubClient.Listing listing;
    try {
      listing = client(here.isPresent() ? patience.once() : patience, listener).listing(name);
    } catch (HubException e) {
      if (here.isEmpty()) {
        throw e;
      }
      listener.say(
          e.getMessage() + "\nTaking " + name + " as the cache has it, at " + here.get().commit());
      return here.get();
    }
    Snapshot snapshot =
        new Snapshot(name, listing.commit(), cache.snapshot(name, listing.commit()));
    try {
      fetch(snapshot, listing, extent, listener);
      cache.note(name, listing.commit()); // last, so that it never names what is not all there
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write to the cache of models "
              + cache.root()
              + " ("
              + e.getMessage()
              + "); set HF_HUB_CACHE to a folder that can be written",
          e);
    }
    return snapshot;
  }

  /** Why a model is not in the cache and is not fetched; names the way out. */
  public String whyNotHere(ModelName name, Extent extent) {
    List<String> missing =
        cache.find(name).map(snapshot -> snapshot.missing(extent)).orElse(List.of());
    return "Cannot find model "
        + name
        + ": there is no such directory, and "
        + (missing.isEmpty()
            ? "the cache of models " + cache.root() + " does not have it"
            : "in the cache of models " + cache.root() + " it lacks " + missing)
        + (settings.offline()
            ? "; nothing is fetched while HF_HUB_OFFLINE is set: unset it, or give a directory"
            : "; nothing is fetched unless HF_ENDPOINT names a hub: set it to https://HOST, or give"
                + " a directory");
  }

  private HubClient client(Patience forHub, FetchListener listener) {
    return new HubClient(
        settings.endpoint().orElseThrow(), settings.token(), forHub, listener::say);
  }

  private void fetch(
      Snapshot snapshot, HubClient.Listing listing, Extent extent, FetchListener listener)
      throws IOException {
    HubClient client = client(patience, listener);
    List<String> wanted =
        new ArrayList<>(listing.files().stream().filter(Extent::isBesideWeights).toList());
    if (extent == Extent.WHOLE) {
      wanted.addAll(weights(snapshot, listing, client, listener));
    }
    List<HubClient.RemoteFile> files = new ArrayList<>();
    for (String file : wanted) {
      if (!Files.isRegularFile(snapshot.directory().resolve(file))) {
        files.add(client.describe(snapshot.name(), snapshot.commit(), file));
      }
    }
    if (files.isEmpty()) {
      return;
    }
    long bytes = files.stream().mapToLong(file -> Math.max(0, file.bytes())).sum();
    checkRoom(snapshot.name(), bytes);
    try (FetchListener.Fetch fetch = listener.begin(snapshot.name().toString(), bytes)) {
      for (HubClient.RemoteFile file : files) {
        fetch(client, snapshot, file, listener, fetch);
      }
    }
  }

  /** The files of weights; the index, where there are several, is fetched to know them. */
  private List<String> weights(
      Snapshot snapshot, HubClient.Listing listing, HubClient client, FetchListener listener)
      throws IOException {
    ModelName name = snapshot.name();
    Set<String> there = Set.copyOf(listing.files());
    if (there.contains(Snapshot.SINGLE)) {
      return List.of(Snapshot.SINGLE);
    }
    if (!there.contains(Snapshot.INDEX)) {
      boolean pickles = there.stream().anyMatch(file -> file.endsWith(".bin"));
      throw new InputException(
          "Cannot fetch "
              + name
              + ": it has no "
              + Snapshot.SINGLE
              + " and no "
              + Snapshot.INDEX
              + (pickles
                  ? "; its weights are in .bin files, pickles, which can run code and are not read:"
                      + " convert it once in Python, AutoModelForCausalLM.from_pretrained('"
                      + name.id()
                      + "').save_pretrained(NEW, safe_serialization=True), and give NEW"
                  : "; name a model whose weights are in .safetensors files"));
    }
    Path index = snapshot.directory().resolve(Snapshot.INDEX);
    if (!Files.isRegularFile(index)) {
      fetch(
          client,
          snapshot,
          client.describe(name, snapshot.commit(), Snapshot.INDEX),
          listener,
          new Unheard());
    }
    List<String> shards = Snapshot.shards(index);
    List<String> missing = shards.stream().filter(shard -> !there.contains(shard)).toList();
    if (!missing.isEmpty() || shards.stream().anyMatch(shard -> shard.contains("/"))) {
      throw new InputException(
          "Cannot fetch "
              + name
              + ": its "
              + Snapshot.INDEX
              + " names files that it does not have"
              + (missing.isEmpty() ? " in one folder" : ": " + missing)
              + "; name another revision");
    }
    return shards;
  }

  private void fetch(
      HubClient client,
      Snapshot snapshot,
      HubClient.RemoteFile file,
      FetchListener listener,
      FetchListener.Fetch fetch)
      throws IOException {
    ModelName name = snapshot.name();
    Path blob = cache.blob(name, file.checksum());
    Files.createDirectories(blob.getParent());
    cache.locked(
        name,
        file.checksum(),
        listener,
        () -> {
          if (Files.isRegularFile(blob)) { // another revision's, or by another process meanwhile
            fetch.found(Files.size(blob));
          } else {
            Path incomplete = cache.incomplete(name, file.checksum());
            fetch.found(Files.exists(incomplete) ? Files.size(incomplete) : 0);
            client.download(
                name,
                snapshot.commit(),
                file,
                incomplete,
                arrived -> fetch.arrived(file.name(), arrived));
            check(name, file, incomplete);
            Files.move(incomplete, blob, StandardCopyOption.ATOMIC_MOVE);
          }
          if (!Files.isRegularFile(snapshot.directory().resolve(file.name()))) {
            cache.link(name, snapshot.commit(), file.name(), file.checksum());
          }
        });
  }

  private static void check(ModelName name, HubClient.RemoteFile file, Path incomplete)
      throws IOException {
    String found = file.checksum().of(incomplete);
    if (!found.equals(file.checksum().hex())) {
      Files.delete(incomplete); // going on with it would give the same
      throw new HubException(
          "Cannot use "
              + file.name()
              + " of "
              + name
              + ": what arrived has checksum "
              + found
              + ", the hub announced "
              + file.checksum().hex()
              + "; it was removed, try again");
    }
  }

  private void checkRoom(ModelName name, long bytes) throws IOException {
    Files.createDirectories(cache.root());
    long free = Files.getFileStore(cache.root()).getUsableSpace();
    if (bytes > free) {
      throw new InputException(
          "Cannot fetch "
              + name
              + ": it has "
              + (bytes >> 20)
              + " MB, and the disk of "
              + cache.root()
              + " has "
              + (free >> 20)
              + " MB left; free some, or set HF_HUB_CACHE to a folder elsewhere");
    }
  }

  /** A small file on the way to the others. */
  private static final class Unheard implements FetchListener.Fetch {
    @Override
    public void found(long bytes) {
      // Told with what it leads to.
    }

    @Override
    public void arrived(String file, long bytes) {
      // Told with what it leads to.
    }

    @Override
    public void close() {
      // Nothing was opened.
    }
  }
}
