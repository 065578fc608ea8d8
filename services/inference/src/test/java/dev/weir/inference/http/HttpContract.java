package dev.weir.inference.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A client that holds each exchange to the OpenAPI document that the server itself serves: the
 * operation exists, a request that is answered with success fits its schema, and the answer fits
 * the schema of its status and media type. Thread-safe.
 */
public final class HttpContract {

  private static final JsonSchemaFactory SCHEMAS =
      JsonSchemaFactory.getInstance(VersionFlag.V202012);
  private static final Set<String> METHODS = Set.of("get", "post", "put", "delete", "patch");

  private final HttpClient client = HttpClient.newHttpClient();
  private final String address;
  private final String yaml;
  private final JsonNode document;

  /** A client of the server on that port of this machine. */
  public HttpContract(int port) throws IOException, InterruptedException {
    address = "http://127.0.0.1:" + port;
    yaml =
        client
            .send(
                HttpRequest.newBuilder(URI.create(address + "/openapi.yaml")).build(),
                BodyHandlers.ofString())
            .body();
    document = new YAMLMapper().readTree(yaml);
  }

  /** The document as it is served. */
  public String yaml() {
    return yaml;
  }

  /** Its operations as {@code GET /v1/adapters/{name}}. */
  public Set<String> operations() {
    Set<String> operations = new TreeSet<>();
    document
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method -> {
                          if (METHODS.contains(method)) {
                            operations.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
                          }
                        }));
    return operations;
  }

  /** Gets. */
  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return exchange("get", path, null);
  }

  /** Posts JSON. */
  public HttpResponse<String> post(String path, String body)
      throws IOException, InterruptedException {
    return exchange("post", path, body);
  }

  /** Posts, asserts the status, and returns the JSON. */
  public JsonNode post(String path, String body, int status)
      throws IOException, InterruptedException {
    return json(post(path, body), status);
  }

  /** Gets, asserts the status, and returns the JSON. */
  public JsonNode get(String path, int status) throws IOException, InterruptedException {
    return json(get(path), status);
  }

  private static JsonNode json(HttpResponse<String> response, int status) throws IOException {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    return EventJson.mapper().readTree(response.body());
  }

  private HttpResponse<String> exchange(String method, String path, String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + path));
    if (body != null) {
      request.header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
    }
    HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
    String operation = "/paths/" + escaped(template(path)) + "/" + method;
    assertThat(document.at(operation).isObject()).as("%s %s is described", method, path).isTrue();
    if (body != null && response.statusCode() < 300) {
      assertValid(resolved(operation + "/requestBody") + "/content/application~1json/schema", body);
    }
    String responses = operation + "/responses/";
    boolean described = document.at(responses + response.statusCode()).isObject();
    String answer = resolved(responses + (described ? response.statusCode() : "default"));
    String type = response.headers().firstValue("Content-Type").orElse("none").split(";", 2)[0];
    String schema = answer + "/content/" + escaped(type) + "/schema";
    assertThat(document.at(schema).isObject())
        .as("%s %s answers %d with %s", method, path, response.statusCode(), type)
        .isTrue();
    if (type.endsWith("json")) {
      assertValid(schema, response.body());
    }
    return response;
  }

  private void assertValid(String pointer, String json) {
    // Its references lead into the components, wherever the schema itself stands.
    ObjectNode alone = document.at(pointer).deepCopy();
    alone.set("components", document.get("components"));
    JsonSchema schema = SCHEMAS.getSchema(alone);
    assertThat(schema.validate(json, InputFormat.JSON)).as("%s: %s", pointer, json).isEmpty();
  }

  /** The pointer itself, or where its {@code $ref} leads. */
  private String resolved(String pointer) {
    JsonNode reference = document.at(pointer).get("$ref");
    return reference == null ? pointer : reference.asText().substring(1);
  }

  /** The described path that a concrete one is an instance of; the most literal one wins. */
  private String template(String path) {
    Iterator<String> names = document.path("paths").fieldNames();
    String best = "";
    int fewest = Integer.MAX_VALUE;
    while (names.hasNext()) {
      String name = names.next();
      int variables = name.split("\\{", -1).length - 1;
      String pattern = Pattern.quote(name).replaceAll("\\{\\w+}", "\\\\E[^/]+\\\\Q");
      if (path.matches(pattern) && variables < fewest) {
        best = name;
        fewest = variables;
      }
    }
    return best;
  }

  private static String escaped(String part) {
    return part.replace("~", "~0").replace("/", "~1");
  }
}
