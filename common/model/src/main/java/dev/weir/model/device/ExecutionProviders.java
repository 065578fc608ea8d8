package dev.weir.model.device;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what a session really runs on: ONNX Runtime falls back to the CPU without a word when a
 * provider that was asked for cannot take a node, so only the profile of a run tells.
 */
public final class ExecutionProviders {

  private static final Logger LOG = LoggerFactory.getLogger(ExecutionProviders.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private ExecutionProviders() {}

  /**
   * Runs a session that was opened with a profile, ends the profile and reads it.
   *
   * @return the providers that ran nodes; empty when the profile cannot be written or read
   */
  public static Set<String> of(OrtSession session, Runnable run) {
    run.run();
    try {
      Path profile = Path.of(session.endProfiling());
      try {
        return read(profile);
      } finally {
        Files.deleteIfExists(profile);
      }
    } catch (OrtException | IOException e) {
      LOG.warn("what the session runs on is not known: {}", e.toString());
      return Set.of();
    }
  }

  private static Set<String> read(Path profile) throws IOException {
    Set<String> providers = new TreeSet<>();
    for (JsonNode event : JSON.readTree(profile.toFile())) {
      String provider = event.path("args").path("provider").asText();
      if (!provider.isEmpty()) {
        providers.add(provider);
      }
    }
    return providers;
  }
}
