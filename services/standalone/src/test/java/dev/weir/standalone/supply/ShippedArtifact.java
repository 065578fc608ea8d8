package dev.weir.standalone.supply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.contract.event.EventJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One artifact of the bill of materials (CycloneDX).
 *
 * @param name group and artifact, separated by a colon
 * @param sha256 of its file; empty if the bill does not say
 */
record ShippedArtifact(String name, String version, String sha256) {

  /** All that a bill lists, the application itself among them. */
  static List<ShippedArtifact> read(Path bill) throws IOException {
    JsonNode json = EventJson.mapper().readTree(Files.readAllBytes(bill));
    List<ShippedArtifact> artifacts = new ArrayList<>();
    artifacts.add(of(json.required("metadata").required("component")));
    json.required("components").forEach(each -> artifacts.add(of(each)));
    return artifacts;
  }

  private static ShippedArtifact of(JsonNode component) {
    String sha256 = "";
    for (JsonNode hash : component.path("hashes")) {
      if (hash.path("alg").asText().equals("SHA-256")) {
        sha256 = hash.path("content").asText();
      }
    }
    return new ShippedArtifact(
        component.required("group").asText() + ":" + component.required("name").asText(),
        component.required("version").asText(),
        sha256);
  }
}
