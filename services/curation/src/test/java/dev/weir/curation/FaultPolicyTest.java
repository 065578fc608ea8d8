package dev.weir.curation;

import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.REPLACE_THREAD;
import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;

class FaultPolicyTest {

  private final Throwable passing =
      new StreamsException(new TimeoutException("no answer within 60 s"));

  private Instant now = Instant.EPOCH;
  private final FaultPolicy policy = new FaultPolicy(() -> now);

  @Test
  void replacesTheThreadAfterAFaultThatPasses() {
    assertThat(policy.handle(passing)).isEqualTo(REPLACE_THREAD);
    assertThat(policy.fatal()).isNull();
  }

  @Test
  void endsAfterAnyOtherFaultAndKeepsIt() {
    Throwable fault = new StreamsException(new RecordTooLargeException("5000000 bytes"));

    assertThat(policy.handle(fault)).isEqualTo(SHUTDOWN_CLIENT);
    assertThat(policy.fatal()).isSameAs(fault);
  }

  @Test
  void endsWhenThreadsDieFasterThanTheyHelp() {
    for (int i = 0; i < FaultPolicy.MAX_REPLACEMENTS; i++) {
      now = now.plusSeconds(1);
      assertThat(policy.handle(passing)).isEqualTo(REPLACE_THREAD);
    }

    assertThat(policy.handle(passing)).isEqualTo(SHUTDOWN_CLIENT);
  }

  @Test
  void forgetsReplacementsAfterAMinute() {
    for (int i = 0; i < 2 * FaultPolicy.MAX_REPLACEMENTS; i++) {
      now = now.plusSeconds(4);
      assertThat(policy.handle(passing)).isEqualTo(REPLACE_THREAD);
    }
  }
}
