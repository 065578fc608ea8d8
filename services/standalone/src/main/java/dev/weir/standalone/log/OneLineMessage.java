package dev.weir.standalone.log;

import ch.qos.logback.classic.pattern.ClassicConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.weir.contract.event.Shown;

/**
 * The message of a log line, on that line whatever it quotes.
 *
 * <p>Keys of records, headers and what exceptions say of them come from strangers. Whoever puts a
 * line end into one could otherwise write lines of his own into the log. {@code logback.xml} has
 * every message of the text form pass here; the JSON form escapes by itself.
 */
public final class OneLineMessage extends ClassicConverter {

  @Override
  public String convert(ILoggingEvent event) {
    String message = event.getFormattedMessage();
    return message == null ? "" : Shown.line(message);
  }
}
