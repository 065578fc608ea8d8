package dev.weir.inference.http.guard;

import dev.weir.inference.score.Caller;
import dev.weir.inference.score.Classifier;
import io.vertx.ext.web.RoutingContext;

/** Who asks for classifications over HTTP: each request is a caller of its client. */
public final class Callers {

  private Callers() {}

  /**
   * The caller of a request: its key's name, else its address. Once the connection is closed before
   * the answer is written, his texts are no longer scored. Called on the event loop.
   */
  public static Caller of(RoutingContext context, Classifier classifier) {
    Caller caller = Caller.http(AccessHandler.client(context));
    context.addEndHandler(
        ended -> {
          if (ended.failed()) {
            classifier.leave(caller);
          }
        });
    return caller;
  }
}
