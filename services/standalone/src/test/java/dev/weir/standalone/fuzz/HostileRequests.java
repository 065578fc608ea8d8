package dev.weir.standalone.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.weir.contract.event.EventJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The requests of one run, for every operation of the published OpenAPI document: request {@code i}
 * depends on the seed and {@code i} alone.
 */
final class HostileRequests {

  private static final String DOCUMENT = "/dev/weir/inference/http/openapi.yaml";

  /**
   * One operation.
   *
   * @param body makes a valid body; {@code null} where there is none
   */
  private record Operation(
      String id, String method, String path, @Nullable Function<Random, ObjectNode> body) {}

  /**
   * One request.
   *
   * @param operation whose it is
   * @param line its first line
   * @param bytes all of it
   */
  @SuppressWarnings("ArrayRecordComponent") // Nobody compares requests.
  record Request(String operation, String line, byte[] bytes) {}

  private final long seed;
  private final HostileRecords records;
  private final List<Operation> operations;

  HostileRequests(long seed, HostileRecords records) {
    this.seed = seed;
    this.records = records;
    this.operations = operations();
  }

  /** The operations that are called. */
  List<String> operationIds() {
    return operations.stream().map(Operation::id).toList();
  }

  Request at(long index) {
    Random random = new Random((seed - 1 - index) * 0x9E3779B97F4A7C15L);
    Operation operation = HostileJson.pick(random, operations);
    String path = path(random, operation.path());
    byte[] body = body(random, operation);
    StringBuilder head = new StringBuilder();
    String line = operation.method() + " " + path + " HTTP/1.1";
    head.append(line).append("\r\nHost: localhost\r\nConnection: close\r\n");
    if (operation.body() != null) {
      head.append("Content-Type: ")
          .append(
              random.nextInt(20) == 0
                  ? HostileJson.pick(
                      random, List.of("text/plain", "application/json; charset=utf-16", "", "x"))
                  : "application/json")
          .append("\r\nContent-Length: ")
          .append(body.length)
          .append("\r\n");
    }
    headers(random, head);
    head.append("\r\n");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(head.toString().getBytes(ISO_8859_1));
    bytes.writeBytes(body);
    return new Request(operation.id(), line, bytes.toByteArray());
  }

  private static byte[] body(Random random, Operation operation) {
    if (operation.body() == null) {
      return new byte[0];
    }
    ObjectNode valid = operation.body().apply(random);
    return random.nextInt(5) == 0 ? EventJson.write(valid) : HostileJson.mutate(random, valid);
  }

  private static String path(Random random, String template) {
    StringBuilder path = new StringBuilder();
    int at = 0;
    while (at < template.length()) {
      int open = template.indexOf('{', at);
      if (open < 0) {
        path.append(template, at, template.length());
        break;
      }
      int close = template.indexOf('}', open);
      path.append(template, at, open)
          .append(parameter(random, template.substring(open + 1, close)));
      at = close + 1;
    }
    if (template.startsWith("/v1/stream") || random.nextInt(15) == 0) {
      path.append(query(random));
    }
    return path.toString();
  }

  private static String parameter(Random random, String name) {
    if (random.nextInt(3) != 0) {
      return switch (name) {
        case "version" -> "1";
        case "file" -> "console.js";
        default -> HostileRecords.RIGHTFUL;
      };
    }
    return random.nextInt(8) == 0
        ? HostileJson.pick(random, List.of("%zz", "%", "%c3%28", "%00", "a%2", "%2e%2e%2f"))
        : escaped(HostileJson.name(random));
  }

  private static String query(Random random) {
    String feeds =
        random.nextInt(4) == 0
            ? escaped(HostileJson.name(random))
            : "reviews,classifications,label-requests,examples,batches,training,adapters";
    String last =
        HostileJson.pick(
            random,
            List.of("0", "5", "5000", "5001", "-1", "1e9", "99999999999999999999", "", "x"));
    String query = "?feeds=" + feeds + "&last=" + last;
    return switch (random.nextInt(12)) {
      case 0 -> query + "&x=%zz";
      case 1 -> query + "&" + "y=1&".repeat(300);
      case 2 -> query + "&feeds=" + feeds;
      default -> query;
    };
  }

  private static void headers(Random random, StringBuilder head) {
    switch (random.nextInt(25)) {
      case 0 -> head.append("Last-Event-ID: ").append("9".repeat(30)).append("\r\n");
      case 1 -> head.append("Last-Event-ID: reviews:0:-5,classifications:99:x\r\n");
      case 2 -> head.append("traceparent: 00-zz-1-01\r\n");
      case 3 -> head.append("Authorization: Bearer \u00ff\u00fe\r\n");
      case 4 -> head.append("Accept: ").append("a/b;q=9,".repeat(200)).append("\r\n");
      case 5 -> head.append("Content-Encoding: gzip\r\n");
      case 6 -> {
        for (int i = 0; i < 90; i++) {
          head.append("X-").append(i).append(": ").append(i).append("\r\n");
        }
      }
      default -> {}
    }
  }

  /** Escapes every byte that is no letter or digit. */
  private static String escaped(String text) {
    StringBuilder escaped = new StringBuilder();
    for (byte each : text.getBytes(UTF_8)) {
      if (Character.isLetterOrDigit(each) && each > 0) {
        escaped.append((char) each);
      } else {
        escaped.append("%%%02x".formatted(each & 0xff));
      }
    }
    return escaped.toString();
  }

  private List<Operation> operations() {
    List<Operation> found = new ArrayList<>();
    for (Map.Entry<String, JsonNode> path : document().path("paths").properties()) {
      for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
        String id = method.getValue().path("operationId").asText();
        if (!id.isEmpty()) {
          found.add(
              new Operation(
                  id,
                  method.getKey().toUpperCase(Locale.ROOT),
                  path.getKey(),
                  method.getValue().has("requestBody") ? validBody(id) : null));
        }
      }
    }
    return List.copyOf(found);
  }

  private Function<Random, ObjectNode> validBody(String operation) {
    return switch (operation) {
      case "classify" -> HostileRequests::classify;
      case "feedback" -> records::feedback;
      case "promote", "pin" -> random -> object().put("version", 1);
      case "rollback" -> random -> random.nextBoolean() ? object() : object().put("to", 1);
      case "unpin" -> random -> object();
      case "canary", "shadow" -> HostileRequests::share;
      case "threshold" -> random -> object().put("abstainBelow", .01);
      case "infer", "versionInfer" -> HostileRequests::infer;
      default ->
          throw new AssertionError(
              "operation " + operation + " of openapi.yaml is new: write a valid body for it here");
    };
  }

  private static ObjectNode share(Random random) {
    return random.nextBoolean()
        ? object().put("off", true)
        : object().put("version", 1).put("share", .1);
  }

  private static ObjectNode classify(Random random) {
    ObjectNode node = object();
    switch (random.nextInt(3)) {
      case 0 -> node.put("text", HostileRecords.text(random));
      case 1 -> {
        ArrayNode texts = node.putArray("texts");
        for (int i = random.nextInt(5); i >= 0; i--) {
          texts.add(HostileRecords.text(random));
        }
      }
      default -> {
        ArrayNode reviews = node.putArray("reviews");
        for (int i = random.nextInt(5); i >= 0; i--) {
          reviews.addObject().put("id", "h" + i).put("text", HostileRecords.text(random));
        }
      }
    }
    if (random.nextInt(6) == 0) {
      node.put("topK", 1);
    }
    if (random.nextInt(20) == 0) {
      node.put("explain", true);
    }
    return node;
  }

  private static ObjectNode infer(Random random) {
    ObjectNode node = object().put("id", "i1");
    ObjectNode input = node.putArray("inputs").addObject();
    input.put("name", "text").put("datatype", "BYTES");
    input.putArray("shape").add(1);
    input.putArray("data").add(HostileRecords.text(random));
    node.putArray("outputs").addObject().put("name", "label");
    return node;
  }

  private static ObjectNode object() {
    return EventJson.mapper().createObjectNode();
  }

  private static JsonNode document() {
    try (InputStream yaml =
        Objects.requireNonNull(HostileRequests.class.getResourceAsStream(DOCUMENT), DOCUMENT)) {
      return new YAMLMapper().readTree(yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
