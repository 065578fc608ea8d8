package dev.weir.inference.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.impl.VertxHttpRequestDecoder;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.List;

/**
 * Vert.x's decoder of requests, which refuses the heads that RFC 9112 lets a server guess at.
 *
 * <p>Those are: a first line with other space than one blank between its words (section 3), a field
 * that goes on in the next line (5.2), and a field without a name. A proxy in front may guess
 * otherwise, and then one of the two executes a request that the other has not seen. What is never
 * allowed, Netty refuses by itself.
 *
 * <p>Netty's decoder has no setting for this, and joins lines before anybody can see them; so this
 * one looks at each line of a head before the decoder takes it. Belongs to its connection's event
 * loop.
 */
final class StrictDecoder extends VertxHttpRequestDecoder {

  /** The name under which Vert.x puts its own into the pipeline. */
  private static final String NAME = "httpDecoder";

  private enum Expected {
    FIRST_LINE,
    FIELDS,
    BODY,
    NOTHING
  }

  private Expected expected = Expected.FIRST_LINE;

  private StrictDecoder(HttpServerOptions options) {
    super(options);
  }

  /** Takes the place of a new connection's decoder, before it has read anything. */
  static void of(HttpConnection connection, HttpServerOptions options) {
    ChannelPipeline pipeline = ((ConnectionBase) connection).channelHandlerContext().pipeline();
    pipeline.replace(NAME, NAME, new StrictDecoder(options));
  }

  @Override
  protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
      throws Exception {
    if (expected == Expected.NOTHING) {
      in.skipBytes(in.readableBytes());
      return;
    }
    int firstLineEnd = -1;
    if (expected == Expected.FIRST_LINE) {
      int begin = skipEmptyLines(in);
      firstLineEnd = lineEnd(in, begin);
      if (firstLineEnd >= 0
          && !(isFirstLine(in, begin, firstLineEnd) && areFields(in, firstLineEnd + 1))) {
        refuse(in, out);
        return;
      }
    } else if (expected == Expected.FIELDS && !areFields(in, in.readerIndex())) {
      refuse(in, out);
      return;
    }
    int before = out.size();
    super.decode(context, in, out);
    if (firstLineEnd >= 0 && in.readerIndex() > firstLineEnd) {
      expected = Expected.FIELDS;
    }
    for (Object each : out.subList(before, out.size())) {
      if (each instanceof HttpRequest) {
        expected = Expected.BODY;
      }
      if (each instanceof LastHttpContent) {
        expected = Expected.FIRST_LINE;
      }
    }
  }

  private void refuse(ByteBuf in, List<Object> out) {
    expected = Expected.NOTHING;
    in.skipBytes(in.readableBytes());
    HttpMessage refused = createInvalidMessage();
    refused.setDecoderResult(
        DecoderResult.failure(new IllegalArgumentException("a head that can be read in two ways")));
    out.add(refused);
  }

  private static int skipEmptyLines(ByteBuf in) {
    int at = in.readerIndex();
    while (at < in.writerIndex() && (in.getByte(at) == '\r' || in.getByte(at) == '\n')) {
      at++;
    }
    return at;
  }

  /** Where the line's last byte is, a line feed; negative if it has not arrived. */
  private static int lineEnd(ByteBuf in, int begin) {
    return in.indexOf(begin, in.writerIndex(), (byte) '\n');
  }

  /** Three words with one blank between them. */
  private static boolean isFirstLine(ByteBuf in, int begin, int end) {
    int words = 1;
    boolean empty = true;
    for (int at = begin; at < end; at++) {
      byte each = in.getByte(at);
      if (each == ' ') {
        if (empty) {
          return false;
        }
        words++;
        empty = true;
      } else if ((each > ' ' && each < 0x7f) || each < 0) {
        empty = false;
      } else {
        return each == '\r' && at == end - 1 && words == 3 && !empty;
      }
    }
    return words == 3 && !empty;
  }

  /** Whether each line that has arrived whole begins a field, up to the empty one. */
  private static boolean areFields(ByteBuf in, int begin) {
    int line = begin;
    int end = lineEnd(in, line);
    while (end >= 0) {
      byte first = in.getByte(line);
      if (first == ' ' || first == '\t' || first == ':') {
        return false;
      }
      if (end == line || first == '\r') {
        return true; // What is wrong with a line that merely begins so, the decoder says.
      }
      line = end + 1;
      end = lineEnd(in, line);
    }
    return true;
  }
}
