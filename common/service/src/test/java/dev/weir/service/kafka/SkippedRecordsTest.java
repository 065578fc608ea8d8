package dev.weir.service.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class SkippedRecordsTest {

  private final Logger logger = (Logger) LoggerFactory.getLogger(SkippedRecords.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicLong clock = new AtomicLong();
  private final SkippedRecords skipped = new SkippedRecords(registry, clock::get);

  @BeforeEach
  void listen() {
    log.start();
    logger.addAppender(log);
  }

  @AfterEach
  void stopListening() {
    logger.detachAppender(log);
  }

  @Test
  void countsEachAndLogsOneInAWhileWithItsPosition() {
    for (int i = 0; i < 1000; i++) {
      skip(i, "k", Reason.INVALID_VALUE);
    }
    skip(1000, "k", Reason.KEY_MISMATCH);
    clock.addAndGet(SkippedRecords.EVERY.toNanos());
    skip(1001, "k", Reason.INVALID_VALUE);

    assertThat(count("invalid-value")).isEqualTo(1001);
    assertThat(count("key-mismatch")).isEqualTo(1);
    assertThat(lines()).hasSize(3);
    assertThat(lines().get(0)).contains("adapters-0@0", "'k'", "invalid-value");
    assertThat(lines().get(2)).contains("adapters-0@1001", "1000 skipped");
  }

  @Test
  void keysForgeNoLines() {
    skip(7, "k\n2026-01-01 ERROR all is lost\r\u2028\u202e", Reason.INVALID_VALUE);
    assertThat(lines().get(0).lines()).hasSize(1);
    assertThat(lines().get(0)).contains("\\u000a2026").doesNotContain("\u2028", "\u202e", "\r");
  }

  private void skip(long offset, String key, Reason reason) {
    skipped.skip(
        new InputPosition("adapters", 0, offset),
        key.getBytes(UTF_8),
        new Rejected<>(reason, "bad"));
  }

  private double count(String reason) {
    return registry
        .get("weir.records.skipped")
        .tags("topic", "adapters", "reason", reason)
        .counter()
        .count();
  }

  private List<String> lines() {
    return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }
}
