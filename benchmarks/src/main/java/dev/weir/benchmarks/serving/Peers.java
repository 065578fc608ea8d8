package dev.weir.benchmarks.serving;

import dev.weir.benchmarks.ExportBase;
import dev.weir.contract.text.TokenLimit;
import dev.weir.model.base.BaseModel;
import dev.weir.model.peft.PeftFiles;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The other serving stacks, over HTTP with the same clients: those that start here, those that run
 * elsewhere already, and the reason of those that are missing. Closing ends what was started.
 */
final class Peers implements AutoCloseable {
  static final String FASTAPI = "FastAPI + transformers";

  private final Map<String, Map<String, HttpEndpoint>> endpoints = new LinkedHashMap<>();
  private final Map<String, String> absent = new LinkedHashMap<>();
  private final List<PeerProcess> processes = new ArrayList<>();

  /** By name and precision: where to send texts. */
  Map<String, Map<String, HttpEndpoint>> endpoints() {
    return endpoints;
  }

  /** Why a peer, or a peer in one precision, is not there. */
  Map<String, String> absent() {
    return absent;
  }

  /** Notes that a peer is missing. */
  void absent(String name, String why) {
    absent.put(name, why);
  }

  /** Leaves out a peer that failed under load. */
  void failed(String name, String precision, String why) {
    endpoints.getOrDefault(name, new LinkedHashMap<>()).remove(precision);
    absent(name + " " + precision, why);
  }

  /**
   * Takes a service that somebody else started.
   *
   * @param peer name, precision, address and the body's field for the text, separated by bars
   */
  void running(String peer) {
    List<String> parts = List.of(peer.split("\\|", -1));
    if (parts.size() != 4) {
      throw new IllegalArgumentException(
          "--peer is '"
              + peer
              + "'; write NAME|PRECISION|URL|FIELD, such as \"TorchServe|fp32|http://127.0.0.1:9000/predictions/model|text\"");
    }
    running(parts.get(0), parts.get(1), URI.create(parts.get(2)), parts.get(3));
  }

  private void running(String name, String precision, URI uri, String field) {
    endpoints
        .computeIfAbsent(name, key -> new LinkedHashMap<>())
        .put(precision, new HttpEndpoint(uri, field));
  }

  /**
   * Starts the Python service once per precision; what does not start is noted as absent.
   *
   * @param python interpreter of an environment with {@code peers/requirements.txt}
   * @param script {@code peers/serve.py}
   * @param directory gets the base, the adapter and the logs
   */
  void startPython(
      Path python,
      Path script,
      Path directory,
      BaseModel base,
      AdapterWeights weights,
      TokenLimit limit,
      int workers,
      List<Precision> precisions)
      throws IOException, InterruptedException {
    if (!Files.isExecutable(python)) {
      absent(FASTAPI, python + " is not there; make peers-venv, or PEERS_VENV=DIR");
      return;
    }
    Path baseDirectory = directory.resolve("base");
    Path adapter = Files.createDirectories(directory.resolve("adapter"));
    ExportBase.main(new String[] {base.name(), baseDirectory.toString()});
    PeftFiles.write(adapter, weights, base, limit);
    for (Precision precision : precisions) {
      int port = freePort();
      List<String> command =
          List.of(
              python.toString(),
              script.toString(),
              "--base",
              baseDirectory.toString(),
              "--adapter",
              adapter.toString(),
              "--precision",
              precision.id(),
              "--max-tokens",
              Integer.toString(limit.maxTokens()),
              "--port",
              Integer.toString(port),
              "--workers",
              Integer.toString(workers));
      String address = "http://127.0.0.1:" + port;
      try {
        processes.add(
            PeerProcess.start(
                command,
                URI.create(address + "/health"),
                directory.resolve("fastapi-" + precision.id() + ".log")));
        running(FASTAPI, precision.id(), URI.create(address + "/classify"), "text");
      } catch (IOException e) {
        absent(FASTAPI + " " + precision.id(), String.valueOf(e.getMessage()));
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    processes.forEach(PeerProcess::close);
    processes.clear();
  }
}
