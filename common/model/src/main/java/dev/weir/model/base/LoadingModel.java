package dev.weir.model.base;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * A base model that is loaded by a thread of its own while its owner waits for something else, such
 * as a broker. Thread-safe. Closing waits for the end of the loading and closes what was loaded.
 */
public final class LoadingModel implements AutoCloseable {

  private final CompletableFuture<BaseModel> loaded = new CompletableFuture<>();

  private LoadingModel() {}

  /**
   * Begins to load a built-in model or a directory; returns at once.
   *
   * @param nameOrDirectory as {@link BaseModel#load} takes it
   */
  public static LoadingModel begin(String nameOrDirectory) {
    LoadingModel model = new LoadingModel();
    Thread thread = new Thread(() -> model.load(nameOrDirectory), "base-model");
    thread.setDaemon(true);
    thread.start();
    return model;
  }

  // A linkage error of a native library has to reach the one who waits, too.
  @SuppressWarnings("IllegalCatch")
  private void load(String nameOrDirectory) {
    try {
      loaded.complete(BaseModel.load(nameOrDirectory));
    } catch (Throwable e) {
      loaded.completeExceptionally(e);
    }
  }

  /**
   * Waits for the model, which stays this one's to close.
   *
   * @throws dev.weir.model.spec.ModelException as {@link BaseModel#load} does
   */
  public BaseModel await() {
    return join(loaded);
  }

  /** Waits for a part of a model; fails with what kept it from being loaded. */
  static <T> T join(CompletableFuture<T> part) {
    try {
      return part.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException known) {
        throw known;
      }
      if (e.getCause() instanceof Error fatal) {
        throw fatal;
      }
      throw e;
    }
  }

  @Override
  public void close() {
    loaded.handle((model, failure) -> model).thenAccept(LoadingModel::close).join();
  }

  private static void close(@Nullable BaseModel model) {
    if (model != null) {
      model.close();
    }
  }
}
