package dev.weir.inference.http.web;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Says which route a request belonged to, also when it failed: then the router has forgotten it.
 *
 * <p>Used on the event loop only, after all routes were registered.
 */
public final class RoutePatterns {

  /** Stands for the route of a request that no route takes. */
  static final String UNMATCHED = "unmatched";

  private record Known(Set<HttpMethod> methods, Pattern path, String shown) {}

  private final Router router;
  private @Nullable List<Known> known;

  /** The patterns of the routes of a router; read at the first request, when all are there. */
  public RoutePatterns(Router router) {
    this.router = router;
  }

  /** The pattern as {@code openapi.yaml} writes it: never the path that was asked for. */
  String of(RoutingContext context) {
    Route current = context.currentRoute();
    if (current != null && current.getPath() != null) {
      return pattern(current.getPath());
    }
    String path = WellFormed.path(context);
    HttpMethod method = context.request().method();
    return known().stream()
        .filter(route -> route.methods().contains(method) && route.path().matcher(path).matches())
        .map(Known::shown)
        .findFirst()
        .orElse(UNMATCHED);
  }

  /** The methods that a path may be asked with, sorted; empty for a path that is not served. */
  public Set<String> allowed(String path) {
    Set<String> methods = new TreeSet<>();
    for (Known route : known()) {
      if (route.path().matcher(path).matches()) {
        route.methods().forEach(method -> methods.add(method.name()));
      }
    }
    return methods;
  }

  private List<Known> known() {
    List<Known> found = known;
    if (found == null) {
      found = new ArrayList<>();
      for (Route route : router.getRoutes()) {
        String path = route.getPath();
        if (path != null && route.methods() != null) {
          // A parameter is one segment; what else is in these paths means itself.
          Pattern pattern = Pattern.compile(path.replace(".", "\\.").replaceAll(":\\w+", "[^/]+"));
          found.add(new Known(Set.copyOf(route.methods()), pattern, pattern(path)));
        }
      }
      known = found;
    }
    return found;
  }

  /** A route's path as {@code /v1/adapters/{name}}. */
  public static String pattern(String path) {
    return path.replaceAll(":(\\w+)", "{$1}");
  }
}
