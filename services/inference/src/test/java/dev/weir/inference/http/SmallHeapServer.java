package dev.weir.inference.http;

import dev.weir.inference.feed.TopicFeed;
import dev.weir.inference.http.events.EventFrame;
import dev.weir.inference.http.events.EventSource;
import dev.weir.inference.http.events.EventStreams;
import dev.weir.inference.http.web.HttpConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.ext.web.Router;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** The HTTP interface, or its streams of events, in a process of its own that has little memory. */
final class SmallHeapServer implements AutoCloseable {

  private final Process process;
  final int port;

  private SmallHeapServer(String... arguments) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+ExitOnOutOfMemoryError",
            "-Dai.djl.offline=true",
            "-DOPT_OUT_TRACKING=true",
            "-cp",
            System.getProperty("java.class.path"),
            SmallHeapServer.class.getName());
    builder.command().addAll(java.util.List.of(arguments));
    process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    BufferedReader out =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    String line = out.readLine();
    while (line != null && !line.startsWith("port ")) {
      line = out.readLine();
    }
    if (line == null) {
      throw new IOException("the server ended with " + process.exitValue());
    }
    port = Integer.parseInt(line.substring(5));
    Thread drains = new Thread(() -> out.lines().forEach(each -> {}), "small-heap-output");
    drains.setDaemon(true);
    drains.start();
  }

  /** All of the interface, with one adapter and without a broker. */
  static SmallHeapServer http(Path directory) throws IOException {
    return new SmallHeapServer("http", directory.toString());
  }

  /** {@code GET /} is a stream of one topic. */
  static SmallHeapServer stream(String bootstrapServers, String topic) throws IOException {
    return new SmallHeapServer("stream", bootstrapServers, topic);
  }

  boolean alive() {
    return process.isAlive();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  public static void main(String[] arguments) throws Exception {
    int port =
        arguments[0].equals("http")
            ? serve(Path.of(arguments[1]))
            : stream(Map.of("bootstrap.servers", arguments[1]), arguments[2]);
    System.out.println("port " + port);
  }

  private static int serve(Path directory) {
    HttpApi http = new HttpApi(HttpConfig.open("127.0.0.1", 0), new TestingParts(directory).parts);
    http.start();
    return http.port();
  }

  private static int stream(Map<String, Object> kafka, String topic) throws Exception {
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    Router router = Router.router(vertx);
    // No heartbeat: it would cut off those who do not read before they are in the way.
    EventStreams streams =
        new EventStreams(
            vertx, vertx.getOrCreateContext(), Duration.ofHours(1), new SimpleMeterRegistry());
    router
        .get("/")
        .handler(
            context -> {
              context.put("weir.client", "client " + context.request().getParam("client"));
              context.next();
            })
        .handler(
            streams.of(
                new EventSource(
                    "things", new TopicFeed(kafka, topic), EventFrame.always("thing"))));
    return vertx
        .createHttpServer()
        .requestHandler(router)
        .listen(0, "127.0.0.1")
        .toCompletionStage()
        .toCompletableFuture()
        .get()
        .actualPort();
  }
}
