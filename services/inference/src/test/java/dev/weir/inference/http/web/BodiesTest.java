package dev.weir.inference.http.web;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.inference.http.Problems;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The memory that the bodies of all requests together may take. */
@Timeout(120)
class BodiesTest {

  private static final int KB = 1 << 10;
  private static final int BUDGET = 1 << 20;
  private static final Duration SOON = Duration.ofSeconds(30);

  private final AtomicLong nanos = new AtomicLong();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final LinkedBlockingQueue<RoutingContext> read = new LinkedBlockingQueue<>();
  private final List<Socket> sockets = new ArrayList<>();
  private final Bodies bodies = new Bodies(BUDGET, meters, nanos::get);
  private Vertx vertx;
  private HttpServer server;

  @BeforeEach
  void serve() throws Exception {
    vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    Router router = Router.router(vertx);
    // Whoever holds a request answers it: until then its body is in memory.
    router.post().handler(bodies.upTo(900 * KB)).handler(read::add);
    Problems problems = new Problems(new RoutePatterns(router));
    Problems.STATUSES.forEach(status -> router.errorHandler(status, problems));
    server =
        vertx
            .createHttpServer()
            .requestHandler(router)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .get();
  }

  @AfterEach
  void stop() throws Exception {
    for (Socket socket : sockets) {
      socket.close();
    }
    await().atMost(SOON).untilAsserted(() -> assertThat(bodies.taken()).isZero());
    vertx.close().toCompletionStage().toCompletableFuture().get();
  }

  @Test
  void whatWouldBeTooMuchAtOnceIsRefusedAndTheBudgetComesBackWithTheAnswers() throws Exception {
    Socket first = post(400 * KB, 400 * KB);
    RoutingContext held = read();
    Socket second = post(400 * KB, 400 * KB);
    assertThat(status(second)).isEqualTo(429);
    Socket small = post(10 * KB, 10 * KB);
    RoutingContext passed = read();
    answer(passed);
    assertThat(status(small)).isEqualTo(200);
    answer(held);
    assertThat(status(first)).isEqualTo(200);
    await().atMost(SOON).until(() -> bodies.taken() == 0);
    Socket again = post(400 * KB, 400 * KB);
    answer(read());
    assertThat(status(again)).isEqualTo(200);
    assertThat(refused("memory")).isEqualTo(1);
  }

  @Test
  void aBodyOfUnknownLengthCountsAsItComes() throws Exception {
    Socket held = post(600 * KB, 600 * KB);
    RoutingContext first = read();
    Socket chunked = connect();
    chunked
        .getOutputStream()
        .write(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(US_ASCII));
    String chunk = Integer.toHexString(64 * KB) + "\r\n" + "x".repeat(64 * KB) + "\r\n";
    for (int i = 0; i < 4; i++) {
      chunked.getOutputStream().write(chunk.getBytes(US_ASCII));
    }
    assertThat(status(chunked)).isEqualTo(429);
    answer(first);
    assertThat(status(held)).isEqualTo(200);
  }

  @Test
  void aClientThatGoesAwayInTheMiddleGivesBackWhatItTook() throws Exception {
    Socket gone = post(700 * KB, 300 * KB);
    await().atMost(SOON).until(() -> bodies.taken() == 300 * KB);
    gone.close();
    await().atMost(SOON).until(() -> bodies.taken() == 0);
  }

  @Test
  void slowBodiesAreEndedInFavourOfOthersAndOnlyThen() throws Exception {
    Socket slow = post(700 * KB, 600 * KB);
    await().atMost(SOON).until(() -> bodies.taken() == 600 * KB);
    assertThat(status(post(500 * KB, 500 * KB))).as("it is not slow yet").isEqualTo(429);
    nanos.addAndGet(Bodies.SLOW_MS * 1_000_000L);
    Socket other = post(500 * KB, 500 * KB);
    answer(read());
    assertThat(status(other)).isEqualTo(200);
    assertThat(status(slow)).isEqualTo(408);
    assertThat(refused("slow-body")).isEqualTo(1);
  }

  @Test
  void aBodyOverItsRoutesLimitIsRefusedBeforeItCame() throws Exception {
    assertThat(status(post(2 << 20, 0))).isEqualTo(413);
    assertThat(bodies.taken()).isZero();
  }

  private double refused(String reason) {
    return meters.get("weir.inference.http.refused").tag("reason", reason).counter().count();
  }

  private RoutingContext read() throws InterruptedException {
    RoutingContext context = read.poll(30, TimeUnit.SECONDS);
    assertThat(context).as("a body was read").isNotNull();
    return context;
  }

  private static void answer(RoutingContext held) {
    held.vertx().runOnContext(now -> Json.answer(held, 200, "ok"));
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort());
    socket.setSoTimeout(30_000);
    sockets.add(socket);
    return socket;
  }

  private Socket post(int declared, int sent) throws IOException {
    Socket socket = connect();
    socket
        .getOutputStream()
        .write(
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + declared + "\r\n\r\n")
                .getBytes(US_ASCII));
    socket.getOutputStream().write("x".repeat(sent).getBytes(US_ASCII));
    return socket;
  }

  private static int status(Socket socket) throws IOException {
    String line = new String(socket.getInputStream().readNBytes(12), UTF_8);
    return Integer.parseInt(line.substring(9));
  }
}
