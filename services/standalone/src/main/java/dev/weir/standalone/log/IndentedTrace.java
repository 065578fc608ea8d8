package dev.weir.standalone.log;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.IThrowableProxy;
import dev.weir.contract.event.Shown;
import java.util.stream.Collectors;

/**
 * A stack trace of which every line begins with a tab, so that none can be taken for a log line.
 *
 * <p>An exception's message may quote a record, and have line ends; see {@link OneLineMessage}.
 */
public final class IndentedTrace extends ThrowableProxyConverter {

  @Override
  protected String throwableProxyToString(IThrowableProxy thrown) {
    return super.throwableProxyToString(thrown)
        .lines()
        .map(line -> "\t" + Shown.line(line.strip()))
        .collect(Collectors.joining(System.lineSeparator(), "", System.lineSeparator()));
  }
}
