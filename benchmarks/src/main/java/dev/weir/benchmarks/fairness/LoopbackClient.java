package dev.weir.benchmarks.fairness;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.Locale;

/**
 * A client with a loopback address of its own, so that a service tells it from others. One
 * connection; belongs to one thread.
 */
final class LoopbackClient implements AutoCloseable {

  private static final int TIMEOUT_MS = 120_000;

  private final Socket socket = new Socket();
  private final InputStream in;
  private final URI uri;

  /** Connects to a service on 127.0.0.1, as 127.0.0.{@code host}. */
  LoopbackClient(URI uri, int host) throws IOException {
    this.uri = uri;
    socket.bind(new InetSocketAddress("127.0.0." + host, 0));
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(TIMEOUT_MS);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), uri.getPort()));
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Posts JSON and reads the whole answer; returns its status. */
  int post(byte[] body) throws IOException {
    String head =
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            .formatted(uri.getPath(), uri.getPort(), body.length);
    byte[] request = new byte[head.length() + body.length];
    System.arraycopy(head.getBytes(US_ASCII), 0, request, 0, head.length());
    System.arraycopy(body, 0, request, head.length(), body.length);
    socket.getOutputStream().write(request);
    String status = line();
    int length = -1;
    for (String header = line(); !header.isEmpty(); header = line()) {
      if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(header.substring(header.indexOf(':') + 1).strip());
      }
    }
    if (length < 0 || in.readNBytes(length).length < length) {
      throw new IOException("an answer without its length, or cut off: " + status);
    }
    return Integer.parseInt(status.substring(9, 12));
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new IOException("the connection was closed");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
