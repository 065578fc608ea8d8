package dev.weir.inference.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.common.event.EventJson;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.Locale;

/** JSON bodies, both ways. */
final class Json {

  private static final String TYPE = "application/json";

  private Json() {}

  /**
   * Refuses bodies that say they are something else; one that says nothing is taken for JSON.
   *
   * @throws Problem 415
   */
  static void require(RoutingContext context) {
    String given = context.request().getHeader("Content-Type");
    if (given == null) {
      return;
    }
    String type = given.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!type.equals(TYPE) && !type.endsWith("+json")) {
      throw new Problem(
          415,
          "unsupported-media-type",
          "the body is '" + type + "', accepted is " + TYPE + "; set the Content-Type header");
    }
  }

  static byte[] body(RoutingContext context) {
    Buffer buffer = context.body().buffer();
    return buffer == null ? new byte[0] : buffer.getBytes();
  }

  /**
   * Reads a JSON object.
   *
   * @throws Problem 400
   */
  static ObjectNode object(byte[] body) {
    try {
      JsonNode node = EventJson.mapper().readTree(body);
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new Problem(400, "malformed-json", "the body is not a JSON object; send {\"text\":…}");
    } catch (JsonProcessingException e) {
      throw new Problem(
          400, "malformed-json", "the body is not JSON in UTF-8: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new Problem(400, "malformed-json", "the body is not JSON in UTF-8", e);
    }
  }

  static void answer(RoutingContext context, int status, Object body) {
    answer(context, status, TYPE, Buffer.buffer(EventJson.write(body)));
  }

  static void answer(RoutingContext context, int status, String type, Buffer body) {
    HttpServerResponse response = context.response();
    if (!response.ended() && !response.closed()) {
      response
          .setStatusCode(status)
          .putHeader("Content-Type", type)
          .end(body)
          .onFailure(gone -> response.reset());
    }
  }
}
