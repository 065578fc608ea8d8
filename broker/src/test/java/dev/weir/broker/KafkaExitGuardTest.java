package dev.weir.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.utils.Exit;
import org.junit.jupiter.api.Test;

class KafkaExitGuardTest {

  @Test
  void reportsKafkasExitToWatchersAndKeepsTheProcess() {
    var fault = new CompletableFuture<String>();
    KafkaExitGuard.watch(fault);

    assertThatThrownBy(() -> Exit.halt(1, "log directory failed"))
        .isInstanceOf(IllegalStateException.class);

    assertThat(fault).isCompletedWithValueMatching(text -> text.contains("log directory failed"));
  }

  @Test
  void leavesThoseWhoNoLongerWatchAlone() {
    var fault = new CompletableFuture<String>();
    KafkaExitGuard.watch(fault);
    KafkaExitGuard.unwatch(fault);

    assertThatThrownBy(() -> Exit.exit(1)).isInstanceOf(IllegalStateException.class);

    assertThat(fault).isNotDone();
  }
}
