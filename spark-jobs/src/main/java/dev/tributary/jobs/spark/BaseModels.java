// SPDX-License-Identifier: Apache-2.0
package dev.tributary.jobs.spark;

import dev.tributary.fl.model.CausalLm;
import dev.tributary.fl.model.Computation;
import dev.tributary.fl.model.Device;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.BiFunction;

/**
 * The base models of this JVM: one per content, way of computing and devices, loaded by the first
 * task that asks and kept for all that follow, side by side or in later jobs. A model that nobody
 * uses makes way when another one is asked for, so memory holds what is in use and one more at
 * most.
 */
public final class BaseModels {
  private record Key(String sha256, Computation computation, List<Device> devices) {}

  private static final class Entry {
    final CompletableFuture<CausalLm> model = new CompletableFuture<>();
    int borrowers;
  }

  /** The models of this executor, or of this driver in local mode. */
  static final BaseModels OF_THIS_JVM = new BaseModels(BaseModel::load);

  private final BiFunction<BaseModel, List<Device>, CausalLm> loader;
  private final Map<Key, Entry> entries = new HashMap<>(); // guarded by this

  BaseModels(BiFunction<BaseModel, List<Device>, CausalLm> loader) {
    this.loader = loader;
  }

  /** A model while it is in use; closing gives it back and leaves it loaded. */
  public interface Borrowed extends AutoCloseable {
    CausalLm model();

    @Override
    void close();
  }

  /**
   * Lends a model, loading it if need be; tasks that ask for the same one meanwhile wait.
   *
   * @throws dev.tributary.fl.model.CheckpointException if it cannot be loaded here, or is another
   *     one than the driver's
   */
  Borrowed borrow(BaseModel base, List<Device> devices) {
    Key key = new Key(base.sha256(), base.computation(), devices);
    Entry entry;
    boolean first = false;
    synchronized (this) {
      Entry known = entries.get(key);
      if (known == null) {
        makeWay();
        known = new Entry();
        entries.put(key, known);
        first = true;
      }
      entry = known;
      entry.borrowers++;
    }
    if (first) {
      load(base, devices, key, entry);
    }
    CausalLm model = loaded(entry);
    return new Borrowed() {
      private boolean open = true;

      @Override
      public CausalLm model() {
        return model;
      }

      @Override
      public void close() {
        synchronized (BaseModels.this) {
          entry.borrowers -= open ? 1 : 0;
          open = false;
        }
      }
    };
  }

  private void load(BaseModel base, List<Device> devices, Key key, Entry entry) {
    try {
      entry.model.complete(loader.apply(base, devices));
    } catch (RuntimeException | Error e) {
      synchronized (this) {
        entries.remove(key); // the next attempt tries again
      }
      entry.model.completeExceptionally(e);
    }
  }

  private static CausalLm loaded(Entry entry) {
    try {
      return entry.model.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the base model was being loaded", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new CompletionException(e.getCause());
    }
  }

  /** Closes what nobody uses; called with the lock held. */
  private void makeWay() {
    entries
        .values()
        .removeIf(
            entry -> {
              boolean idle = entry.borrowers == 0 && entry.model.isDone();
              if (idle) {
                entry.model.join().close();
              }
              return idle;
            });
  }
}
