package dev.weir.trainer;

import dev.weir.common.ops.Health;
import dev.weir.common.ops.Health.Status;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** What the trainer says of itself. Thread-safe. */
final class TrainerState {

  private final AtomicReference<Status> status =
      new AtomicReference<>(new Status.Down("not started"));

  TrainerState(Health health) {
    health.register("trainer", status::get);
  }

  void busy(String doing) {
    status.set(new Status.Up(doing));
  }

  void waiting() {
    status.set(new Status.Up("waiting for a batch"));
  }

  void down(@Nullable String why) {
    status.set(new Status.Down(String.valueOf(why)));
  }

  void dead(String why) {
    status.set(new Status.Dead(why));
  }
}
