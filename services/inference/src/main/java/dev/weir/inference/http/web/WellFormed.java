package dev.weir.inference.http.web;

import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;

/**
 * Refuses a request whose path or query has an escape that means nothing, such as {@code %zz}:
 * whoever reads them later may rely on them. Runs on the event loop, before all that reads them.
 */
public final class WellFormed implements Handler<RoutingContext> {

  @Override
  public void handle(RoutingContext context) {
    try {
      context.normalizedPath();
      context.queryParams();
      context.request().params();
    } catch (IllegalArgumentException e) {
      throw new Problem(
          400,
          "bad-request",
          "the path or the query has a malformed escape; write a percent sign as %25",
          e);
    }
    context.next();
  }

  /** The normalised path; as it came where that cannot be had. */
  public static String path(RoutingContext context) {
    try {
      return context.normalizedPath();
    } catch (IllegalArgumentException e) {
      String path = context.request().path();
      return path == null ? "" : path;
    }
  }
}
