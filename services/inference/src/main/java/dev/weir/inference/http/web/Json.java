package dev.weir.inference.http.web;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Surrogates;
import dev.weir.inference.http.web.BoundedParser.Lists;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.util.Locale;
import java.util.OptionalInt;

/** JSON bodies, both ways. */
public final class Json {

  private static final String TYPE = "application/json";

  private Json() {}

  /**
   * Refuses bodies that say they are something else; one that says nothing is taken for JSON.
   *
   * @throws Problem 415
   */
  public static void require(RoutingContext context) {
    String coding = context.request().getHeader("Content-Encoding");
    if (coding != null && !coding.strip().equalsIgnoreCase("identity")) {
      // RFC 9110, 15.5.16: this is what tells it from a media type that is refused.
      context.response().putHeader("Accept-Encoding", "identity");
      throw new Problem(
          415,
          "unsupported-encoding",
          "the body is compressed (Content-Encoding: %s); send it as it is"
              .formatted(Surrogates.clip(coding, 40)));
    }
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

  /**
   * Reads a JSON object.
   *
   * @throws Problem 400
   */
  public static ObjectNode object(byte[] body) {
    return object(body, Lists.NONE);
  }

  /**
   * Reads a JSON object whose lists of texts are counted while they are parsed.
   *
   * @throws Problem 400 for what is no JSON object, 422 for one that has too much in it
   */
  public static ObjectNode object(byte[] body, Lists lists) {
    try (JsonParser parser =
        new BoundedParser(EventJson.mapper().getFactory().createParser(body), lists)) {
      JsonNode node = EventJson.mapper().readTree(parser);
      if (parser.nextToken() != null) {
        throw new Problem(400, "malformed-json", "the body goes on after its JSON object; end it");
      }
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

  /**
   * Refuses a body that has too many values, before somebody else makes a tree of it. Whether it is
   * JSON is for that one to say.
   *
   * @throws Problem 422
   */
  public static void requireBounded(byte[] body) {
    try (JsonParser parser =
        new BoundedParser(EventJson.mapper().getFactory().createParser(body), Lists.NONE)) {
      JsonToken token = parser.nextToken();
      while (token != null) {
        token = parser.nextToken();
      }
    } catch (IOException e) {
      // Said by who reads it, in the words of its kind of record.
    }
  }

  /**
   * The whole number that a node holds, be it written as 56 or as 56.0, as JSON Schema has it;
   * empty for all others and outside of the range of an int.
   */
  public static OptionalInt integer(JsonNode node) {
    return node.isNumber() && node.canConvertToExactIntegral() && node.canConvertToInt()
        ? OptionalInt.of(node.intValue())
        : OptionalInt.empty();
  }

  /** Answers with a body as JSON. */
  public static void answer(RoutingContext context, int status, Object body) {
    answer(context, status, TYPE, Buffer.buffer(EventJson.write(body)));
  }

  /** Answers; of a HEAD the head alone. */
  public static void answer(RoutingContext context, int status, String type, Buffer body) {
    HttpServerResponse response = context.response();
    if (!response.ended() && !response.closed() && !response.headWritten()) {
      response.setStatusCode(status).putHeader("Content-Type", type);
      (context.request().method().equals(HttpMethod.HEAD)
              ? response.putHeader("Content-Length", Integer.toString(body.length())).end()
              : response.end(body))
          .onFailure(gone -> response.reset());
    }
  }
}
