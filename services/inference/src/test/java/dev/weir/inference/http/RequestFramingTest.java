package dev.weir.inference.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.inference.http.web.HttpConfig;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where a request ends, said by bytes that a proxy in front may read in another way (RFC 9112).
 *
 * <p>Each hostile message is followed by a second request. Whoever reads the first one leniently
 * answers the second one, too. That is request smuggling: the proxy has let one request through,
 * and two are executed. So a hostile message has one refusal at most, and ends its connection.
 */
class RequestFramingTest {

  private static final Duration LONG = Duration.ofSeconds(60);

  /** The second request. Its route is asked for by nothing else here. */
  private static final String HIDDEN =
      "GET /v1/adapters/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n";

  private static final String BODY = "{\"text\":\"a fine film\"}";

  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3}) ");

  @TempDir Path directory;
  private TestingParts testing;
  private HttpApi http;

  @BeforeEach
  void open() {
    testing = new TestingParts(directory);
  }

  @AfterEach
  void close() {
    http.close();
    testing.close();
  }

  /** What the rest of this class relies on: two good requests have two answers. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 22\r\n\r\n" + BODY,
        "Transfer-Encoding: chunked\r\n\r\n16\r\n" + BODY + "\r\n0\r\n\r\n",
        "transfer-encoding:  CHUNKED \r\n\r\n16;name=value\r\n" + BODY + "\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n0016;name=\"va lue\"\r\n"
            + BODY
            + "\r\n0\r\nX-Trailer: 1\r\n\r\n",
      })
  void twoRequestsInARowHaveTwoAnswers(String rest) throws Exception {
    start(LONG);
    assertThat(statuses(exchange(post(rest) + hiddenAndLast()))).containsExactly(200, 404);
    assertThat(statuses(exchange("\r\n" + post(rest) + hiddenAndLast()))).containsExactly(200, 404);
    String[] bytes = (post(rest) + "\r\n" + hiddenAndLast()).split("");
    assertThat(statuses(exchange(bytes))).containsExactly(200, 404);
    await().atMost(LONG).until(() -> hidden() == 3);
  }

  /** Lengths of which two readers may believe different things. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        // Two lengths.
        "Content-Length: 22\r\nContent-Length: 4\r\n\r\n{}  ",
        "Content-Length: 4\r\nContent-Length: 22\r\n\r\n{}  ",
        "Content-Length: 4, 22\r\n\r\n{}  ",
        // A length and chunks.
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        // No length.
        "Content-Length: -1\r\n\r\n",
        "Content-Length: -0\r\n\r\n",
        "Content-Length: +4\r\n\r\n{}  ",
        "Content-Length: 0x4\r\n\r\n{}  ",
        "Content-Length: 4.0\r\n\r\n{}  ",
        "Content-Length: 4 4\r\n\r\n{}  ",
        "Content-Length: 4a\r\n\r\n{}  ",
        "Content-Length: \r\n\r\n",
        "Content-Length: 4;\r\n\r\n{}  ",
        "Content-Length: \"4\"\r\n\r\n{}  ",
        "Content-Length: 4_0\r\n\r\n{}  ",
        "Content-Length: \u00b2\r\n\r\n{}",
        // Lengths that overflow 32 and 64 bits.
        "Content-Length: 4294967300\r\n\r\n{}  ",
        "Content-Length: 9223372036854775808\r\n\r\n{}  ",
        "Content-Length: 18446744073709551620\r\n\r\n{}  ",
        "Content-Length: 340282366920938463463374607431768211460\r\n\r\n{}  ",
        // An end of chunks that others do not take for one.
        "Transfer-Encoding: chunked, xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity, chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chun ked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\u0000\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \u00a0chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding:\r\n\r\n0\r\n\r\n",
      })
  void lengthsThatCanBeReadInTwoWaysAreRefused(String rest) throws Exception {
    start(Duration.ofMillis(500));
    assertRefused(post(rest) + HIDDEN);
  }

  /** Chunks of which two readers may see different ends. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        // A quote that is not closed hides what comes after the line.
        "1;a=\"\r\nX\r\n0\r\n\r\n",
        "0;a=\"\r\n\r\n",
        "0;a=\"\\\"\r\n\r\n",
        // Ends of lines within an extension.
        "0;a\n\r\n",
        "0;a=\"\n\"\r\n\r\n",
        "1;\nX\r\n0\r\n\r\n",
        "1;a\rb\r\nX\r\n0\r\n\r\n",
        "0\n\n",
        "0\r\r\n\r\n",
        "0;\u0000\r\n\r\n",
        // Sizes.
        "-1\r\n\r\n",
        "+0\r\n\r\n",
        "0x0\r\n\r\n",
        "\r\n",
        ";a\r\n\r\n",
        "g\r\n\r\n",
        "0 0\r\n\r\n",
        "0_0\r\n\r\n",
        "100000000\r\n\r\n",
        "10000000000000000\r\n\r\n",
        "100000000000000000000000000000000\r\n\r\n",
        "ffffffff\r\n\r\n",
        "80000000\r\n\r\n",
        // Data that is longer than its size, and an end that is none.
        "1\r\nXX\r\n0\r\n\r\n",
        "1\r\nX0\r\n\r\n",
        "1\r\nX\n0\r\n\r\n",
        "1\r\nX\r0\r\n\r\n",
      })
  void chunksThatCanBeReadInTwoWaysAreRefused(String chunks) throws Exception {
    start(Duration.ofMillis(500));
    assertRefused(post("Transfer-Encoding: chunked\r\n\r\n" + chunks) + HIDDEN);
  }

  /** Heads of which two readers may see different fields. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        // Space before the colon, and lines that go on.
        "Content-Length : 4\r\n\r\n{}  ",
        "Content-Length\t: 4\r\n\r\n{}  ",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        " Content-Length: 4\r\n\r\n{}  ",
        "X: 1\r\n Content-Length: 4\r\n\r\n",
        "X: 1\r\n\tTransfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        // Bare ends of lines.
        "X: 1\rContent-Length: 4\r\n\r\n",
        "X: 1\r\rContent-Length: 4\r\n\r\n",
        "X: 1\nContent-Length: 4\r\n\r\n{}  ",
        "Content-Length: 0\r\n\n",
        "Content-Length: 0\n\n",
        // Names that are no tokens.
        ": 4\r\n\r\n",
        "Content-Length\r\n\r\n",
        "Content\u0000Length: 4\r\n\r\n",
        "Content-Length\u0001: 4\r\n\r\n{}  ",
        "\u007fContent-Length: 4\r\n\r\n",
        "Content Length: 4\r\n\r\n",
        "(Content-Length): 4\r\n\r\n",
        "Content-Length\u00a0: 4\r\n\r\n",
        "\"X\": 4\r\n\r\n",
        // Values with controls.
        "X: a\u0000b\r\n\r\n",
        "X: a\u0001b\r\n\r\n",
        "X: a\u007fb\r\n\r\n",
        "X: a\u000bContent-Length: 4\r\n\r\n",
        "X: a\fb\r\n\r\n",
      })
  void headsThatCanBeReadInTwoWaysAreRefused(String rest) throws Exception {
    start(Duration.ofMillis(500));
    assertRefused(post(rest) + HIDDEN);
  }

  /** What stands before the first word, and a first line that is none. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0000GET / HTTP/1.1\r\n",
        "\u0001GET / HTTP/1.1\r\n",
        "\u0007GET / HTTP/1.1\r\n",
        "\u000bGET / HTTP/1.1\r\n",
        "\u001fGET / HTTP/1.1\r\n",
        "\u007fGET / HTTP/1.1\r\n",
        "\r\n\u0000GET / HTTP/1.1\r\n",
        " GET / HTTP/1.1\r\n",
        "\tGET / HTTP/1.1\r\n",
        "GET\u0000 / HTTP/1.1\r\n",
        "GET /\u0000 HTTP/1.1\r\n",
        "GET /\u0001 HTTP/1.1\r\n",
        "GET /\u007f HTTP/1.1\r\n",
        "GET / HTTP/1.1 \u0000\r\n",
        "GET / HTTP/1.1 x\r\n",
        "GET / / HTTP/1.1\r\n",
        "GET\r/ HTTP/1.1\r\n",
        "GET /\r HTTP/1.1\r\n",
        "GET\u000b/ HTTP/1.1\r\n",
        "GET\t/ HTTP/1.1\r\n",
        "GET / HTTP/1.1\n",
        "GET /\r\n",
        "GET / HTTP/9.9\r\n",
        "GET / HTTP/1.2.3\r\n",
        "G(T / HTTP/1.1\r\n",
      })
  void firstLinesThatCanBeReadInTwoWaysAreRefused(String line) throws Exception {
    start(Duration.ofMillis(500));
    assertRefused(line + "Host: localhost\r\n\r\n" + HIDDEN);
  }

  /** HTTP/1.0 knows no chunks: a reader of that time goes by the length. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n",
      })
  void chunksOfAnOldClientAreRefused(String fields) throws Exception {
    start(Duration.ofMillis(500));
    assertRefused(
        "POST /v1/classify HTTP/1.0\r\nHost: localhost\r\n" + fields + "\r\n0\r\n\r\n" + HIDDEN);
  }

  /** The same bytes, one at a time: no decision depends on how they were cut into packets. */
  @Test
  void piecesAreReadAsTheWhole() throws Exception {
    start(Duration.ofMillis(500));
    for (String rest :
        List.of(
            "Transfer-Encoding: chunked\r\n\r\n1;a=\"\r\nX\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked, xchunked\r\n\r\n0\r\n\r\n",
            "X: 1\r\n Content-Length: 4\r\n\r\n",
            ": 4\r\n\r\n",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) {
      assertRefused(new String[] {post(rest), HIDDEN});
      assertRefused((post(rest) + HIDDEN).split("(?<=\n)"));
      assertRefused((post(rest) + HIDDEN).split(""));
    }
  }

  private void assertRefused(String... pieces) throws IOException {
    String answer = exchange(pieces);
    List<Integer> statuses = statuses(answer);
    assertThat(statuses).as(answer).hasSizeLessThanOrEqualTo(1);
    assertThat(statuses).as(answer).allMatch(status -> status >= 400 && status < 500);
    assertThat(hidden()).as("hidden requests that were executed").isZero();
  }

  private static List<Integer> statuses(String answer) {
    return STATUS.matcher(answer).results().map(RequestFramingTest::status).toList();
  }

  private static int status(MatchResult found) {
    return Integer.parseInt(found.group(1));
  }

  /** How often the second request reached its route. */
  private long hidden() {
    return testing.metrics.registry().find("weir.inference.http.requests").timers().stream()
        .filter(timer -> "/v1/adapters/{name}".equals(timer.getId().getTag("route")))
        .mapToLong(timer -> timer.count())
        .sum();
  }

  private static String post(String rest) {
    return "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + rest;
  }

  private static String hiddenAndLast() {
    return HIDDEN.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
  }

  /** All that the server says until it ends the connection, which it must. */
  private String exchange(String... pieces) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), http.port())) {
      socket.setSoTimeout((int) LONG.toMillis());
      socket.setTcpNoDelay(true);
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      try {
        for (String piece : pieces) {
          socket.getOutputStream().write(piece.getBytes(ISO_8859_1));
          socket.getOutputStream().flush();
        }
        socket.getInputStream().transferTo(said);
      } catch (SocketException reset) {
        // Ended while there was more to read, which is as good.
      }
      return said.toString(ISO_8859_1);
    }
  }

  private void start(Duration idle) {
    http =
        new HttpApi(
            new HttpConfig(
                "127.0.0.1",
                0,
                Optional.empty(),
                Optional.empty(),
                0,
                1,
                64,
                idle,
                Set.of(),
                Set.of()),
            testing.parts,
            LONG);
    http.start();
  }
}
