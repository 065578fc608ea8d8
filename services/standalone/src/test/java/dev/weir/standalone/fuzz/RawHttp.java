package dev.weir.standalone.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/** Requests byte for byte, which no HTTP client would send, and the start of their answers. */
final class RawHttp {

  private static final int SHOWN_BYTES = 2_000;

  private final int port;
  private final Duration patience;

  RawHttp(int port, Duration patience) {
    this.port = port;
    this.patience = patience;
  }

  /**
   * An answer.
   *
   * @param status its status, or 0 when there was none
   * @param head what came first, at most some thousand bytes; the reason where nothing came
   */
  record Answer(int status, String head) {}

  /** Sends a request and reads the start of its answer. */
  Answer send(byte[] request) {
    try (Socket socket = connect()) {
      try {
        socket.getOutputStream().write(request);
        socket.getOutputStream().flush();
      } catch (IOException e) {
        // A server may answer and close before it has read everything: the answer is what counts.
      }
      return read(socket.getInputStream());
    } catch (IOException e) {
      return new Answer(0, e.toString());
    }
  }

  /** A connection on which one waits no longer than the patience for the next byte. */
  Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout((int) patience.toMillis());
    socket.connect(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) patience.toMillis());
    return socket;
  }

  private static Answer read(InputStream stream) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    InputStream in = new BufferedInputStream(stream);
    boolean streams = false;
    while (head.size() < SHOWN_BYTES && !streams) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      head.write(next);
      streams = next == '\n' && head.toString(ISO_8859_1).contains("text/event-stream");
    }
    String text = head.toString(ISO_8859_1);
    if (!text.startsWith("HTTP/1.1 ") || text.length() < 12) {
      return new Answer(0, text.isEmpty() ? "closed without an answer" : text);
    }
    return new Answer(Integer.parseInt(text.substring(9, 12)), text);
  }
}
