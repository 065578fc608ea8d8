package dev.weir.standalone.rows;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import org.jspecify.annotations.Nullable;

/**
 * Decodes bytes and refuses those that are none of the encoding: all the text before them is given
 * first, so that their line is known and no row before it is lost.
 *
 * <p>Waits for no more bytes than it has to give a character. For one thread; closing it closes the
 * stream.
 */
final class StrictReader extends Reader {

  private final InputStream in;
  private final CharsetDecoder decoder;
  private final String file;
  private final String remedy;
  private final ByteBuffer bytes = ByteBuffer.allocate(1 << 13).flip();
  private final CharBuffer characters = CharBuffer.allocate(1 << 13).flip();
  private boolean ended;
  private boolean flushed;
  private @Nullable RowFileException fault;
  private long line = 1;
  private boolean afterReturn;

  /**
   * A reader of the text of a stream.
   *
   * @param file its name, for the message
   * @param remedy what to do about bytes that are no text
   */
  StrictReader(InputStream in, CharsetDecoder decoder, String file, String remedy) {
    this.in = in;
    this.decoder =
        decoder
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    this.file = file;
    this.remedy = remedy;
  }

  @Override
  public int read(char[] buffer, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (!characters.hasRemaining()) {
      if (fault != null) {
        throw fault;
      }
      if (flushed) {
        return -1;
      }
      decode();
    }
    int count = Math.min(length, characters.remaining());
    characters.get(buffer, offset, count);
    return count;
  }

  private void decode() throws IOException {
    characters.clear();
    CoderResult result = decoder.decode(bytes, characters, ended);
    if (result.isUnderflow() && characters.position() == 0 && !ended) {
      fill();
      result = decoder.decode(bytes, characters, ended);
    }
    if (result.isUnderflow() && ended) {
      flushed = decoder.flush(characters).isUnderflow();
    }
    characters.flip();
    for (int i = characters.position(); i < characters.limit(); i++) {
      char c = characters.get(i);
      line += c == '\r' || (c == '\n' && !afterReturn) ? 1 : 0;
      afterReturn = c == '\r';
    }
    if (result.isError()) {
      fault =
          new RowFileException(
              file,
              "has bytes in line %d that are not %s; %s"
                  .formatted(line, decoder.charset().name(), remedy));
    }
  }

  private void fill() throws IOException {
    bytes.compact();
    int count = in.read(bytes.array(), bytes.position(), bytes.remaining());
    if (count < 0) {
      ended = true;
    } else {
      bytes.position(bytes.position() + count);
    }
    bytes.flip();
  }

  @Override
  public boolean ready() throws IOException {
    return characters.hasRemaining() || fault != null || in.available() > 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
