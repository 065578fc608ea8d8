package dev.weir.curation;

import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.REPLACE_THREAD;
import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.streams.errors.MissingSourceTopicException;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FaultPolicyTest {

  private Instant now = Instant.EPOCH;
  private final FaultPolicy policy = new FaultPolicy(() -> now, new SimpleMeterRegistry());

  /** Faults that pass by themselves, or once an operator has mended them. */
  static Stream<Throwable> passing() {
    return Stream.of(
        new StreamsException(new TimeoutException("no answer within 60 s")),
        new StreamsException(new TopicAuthorizationException("examples")),
        new StreamsException(new MissingSourceTopicException("feedback")),
        new ProcessorStateException("cannot write", new java.io.IOException("No space left")),
        new IllegalStateException("a defect of ours"));
  }

  static Stream<Throwable> final_() {
    return Stream.of(new ConfigException("a setting is wrong"), new OutOfMemoryError("heap"));
  }

  @ParameterizedTest
  @MethodSource("passing")
  void replacesTheThreadAfterAFaultThatPasses(Throwable fault) {
    assertThat(policy.handle(fault)).isEqualTo(REPLACE_THREAD);
    assertThat(policy.fatal()).isNull();
  }

  @ParameterizedTest
  @MethodSource("final_")
  void endsAfterWhatNoNewThreadCanChange(Throwable fault) {
    assertThat(policy.handle(fault)).isEqualTo(SHUTDOWN_CLIENT);
    assertThat(policy.fatal()).isSameAs(fault);
  }

  @Test
  void aNameThatIsTakenOnceIsTakenBackAndOneThatIsTakenAgainEndsTheService() {
    policy.close(); // No pauses.
    Throwable fenced = new StreamsException(new FencedInstanceIdException("somebody has our name"));
    assertThat(policy.handle(fenced)).isEqualTo(REPLACE_THREAD);
    now = now.plus(FaultPolicy.REMEMBERED).plusSeconds(1);
    assertThat(policy.handle(fenced)).isEqualTo(REPLACE_THREAD);
    now = now.plusSeconds(20);
    assertThat(policy.handle(fenced)).isEqualTo(SHUTDOWN_CLIENT);
    assertThat(policy.fatal()).isSameAs(fenced);
  }

  @Test
  void isInTroubleWhileThreadsAreReplacedAndSaysByWhat() {
    policy.close(); // No pauses.
    policy.handle(new StreamsException(new TopicAuthorizationException("examples")));
    policy.handle(new StreamsException(new TopicAuthorizationException("examples")));
    now = now.plusSeconds(60);

    assertThat(policy.trouble()).contains("2 stream threads").contains("examples");

    now = now.plus(FaultPolicy.REMEMBERED);
    assertThat(policy.trouble()).isNull();
  }

  @Test
  void oneFaultIsOverWhenTheNewThreadHasSettled() {
    policy.handle(new StreamsException(new TimeoutException("no answer")));
    assertThat(policy.trouble()).isNotNull();

    now = now.plusSeconds(11);
    assertThat(policy.trouble()).isNull();
  }

  @Test
  void waitsLongerTheMoreThreadsDieButNotForEver() {
    assertThat(FaultPolicy.pause(1)).isZero();
    assertThat(FaultPolicy.pause(2)).isEqualTo(Duration.ofMillis(250));
    assertThat(FaultPolicy.pause(4)).isEqualTo(Duration.ofSeconds(1));
    assertThat(FaultPolicy.pause(1000)).isEqualTo(Duration.ofSeconds(30));
  }
}
