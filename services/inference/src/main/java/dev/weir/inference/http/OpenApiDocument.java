package dev.weir.inference.http;

import dev.weir.inference.http.web.Json;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** {@code GET /openapi.yaml}: the description of this interface, OpenAPI 3.1, kept by hand. */
final class OpenApiDocument {

  private static final String RESOURCE = "openapi.yaml";

  private final Buffer document = read();

  void serve(RoutingContext context) {
    Json.answer(context, 200, "application/yaml", document);
  }

  private static Buffer read() {
    try (InputStream in = OpenApiDocument.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is missing from this build; build it again");
      }
      return Buffer.buffer(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
