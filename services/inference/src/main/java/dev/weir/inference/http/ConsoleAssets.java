package dev.weir.inference.http;

import dev.weir.contract.fault.Digests;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Problem;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.webjars.WebJarVersionLocator;

/**
 * The files of the console: its own and those of libraries, by name.
 *
 * <p>All are read at the start and served from memory, and nothing that is not listed here is
 * served: a path cannot lead anywhere. Browsers keep them and ask each time whether they are still
 * the same ({@code ETag}), so that a new build is never mixed with an old one.
 */
final class ConsoleAssets {

  private static final String PAGE = "index.html";
  private static final String STYLES = "console.css";

  /** Its own files, which lie beside {@link #PAGE}; a test holds the list to the directory. */
  static final List<String> OWN =
      List.of(
          PAGE,
          STYLES,
          "icon.svg",
          "chevron.svg",
          "adapters.js",
          "api.js",
          "chart.js",
          "corrections.js",
          "dialogs.js",
          "dom.js",
          "drift.js",
          "format.js",
          "keyboard.js",
          "key.js",
          "lineage.js",
          "live.js",
          "main.js",
          "observations.js",
          "progress.js",
          "overview.js",
          "queue.js",
          "review.js",
          "reviews.js",
          "sse.js",
          "training.js",
          "trends.js",
          "try.js",
          "views.js");

  /** Files of WebJars: the name that the console uses, the jar, the path in it. */
  private static final List<Library> LIBRARIES =
      List.of(
          new Library("uplot.js", "uplot", "dist/uPlot.esm.js"),
          new Library("uplot.css", "uplot", "dist/uPlot.min.css"));

  /**
   * The rules that {@link #STYLES} builds on are served in front of it, in one file: a browser that
   * lays the page out before all style sheets are there would else ask for Pico's own pictures,
   * which {@link #POLICY} refuses.
   */
  private static final Library PICO = new Library(STYLES, "picocss__pico", "css/pico.min.css");

  /** Everything comes from here; a text that carries markup can neither run nor load anything. */
  private static final String POLICY =
      "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
          + " object-src 'none'";

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private record Library(String name, String jar, String path) {}

  private record Asset(String type, Buffer content, String tag) {}

  private final Map<String, Asset> assets = new HashMap<>();

  /**
   * Reads all files.
   *
   * @throws IllegalStateException if one is missing from this build
   */
  ConsoleAssets() {
    for (String name : OWN) {
      byte[] content = read(name, ConsoleAssets.class.getResourceAsStream(resource(name)));
      assets.put(name, asset(name, name.equals(STYLES) ? joined(library(PICO), content) : content));
    }
    for (Library library : LIBRARIES) {
      assets.put(library.name(), asset(library.name(), library(library)));
    }
  }

  private static byte[] library(Library library) {
    String path = new WebJarVersionLocator().fullPath(library.jar(), library.path());
    return read(
        library.jar(),
        path == null ? null : ConsoleAssets.class.getClassLoader().getResourceAsStream(path));
  }

  private static byte[] joined(byte[] first, byte[] second) {
    return Buffer.buffer(first).appendByte((byte) '\n').appendBytes(second).getBytes();
  }

  /** Answers with the page. */
  void page(RoutingContext context) {
    context.response().putHeader("Content-Security-Policy", POLICY);
    answer(context, PAGE);
  }

  /** Answers with the file that the path names. */
  void serve(RoutingContext context) {
    String name = context.pathParam("file");
    if (name.equals(PAGE)) {
      page(context);
    } else {
      answer(context, name);
    }
  }

  private void answer(RoutingContext context, String name) {
    Asset asset = assets.get(name);
    if (asset == null) {
      throw new Problem(
          404, "not-found", "the console has no file of that name; GET / shows the console");
    }
    HttpServerResponse response =
        context
            .response()
            .putHeader("ETag", asset.tag())
            .putHeader("Cache-Control", "no-cache")
            .putHeader("X-Content-Type-Options", "nosniff");
    if (known(context.request().getHeader("If-None-Match"), asset.tag())) {
      response.setStatusCode(304).end().onFailure(gone -> response.reset());
    } else {
      Json.answer(context, 200, asset.type(), asset.content());
    }
  }

  private static boolean known(@Nullable String tags, String tag) {
    if (tags == null) {
      return false;
    }
    for (String each : tags.split(",", -1)) {
      String plain = each.strip();
      // A proxy that compresses makes the tag a weak one.
      if (plain.equals(tag) || plain.equals("W/" + tag)) {
        return true;
      }
    }
    return false;
  }

  private static String resource(String name) {
    return "console/" + name;
  }

  private static Asset asset(String name, byte[] content) {
    String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
    if (type == null) {
      throw new IllegalStateException("no media type is known for the console's file " + name);
    }
    return new Asset(
        type, Buffer.buffer(content), "\"" + Digests.sha256(content).substring(0, 16) + "\"");
  }

  private static byte[] read(String what, @Nullable InputStream opened) {
    if (opened == null) {
      throw new IllegalStateException(
          "the console's " + what + " is missing from this build; build it again");
    }
    try (InputStream in = opened) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
