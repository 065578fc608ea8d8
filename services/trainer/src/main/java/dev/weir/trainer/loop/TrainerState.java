package dev.weir.trainer.loop;

import dev.weir.service.ops.Health;
import dev.weir.service.ops.Health.Status;
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
    set(new Status.Up(doing));
  }

  void waiting() {
    set(new Status.Up("waiting for a batch"));
  }

  void down(@Nullable String why) {
    set(new Status.Down(String.valueOf(why)));
  }

  void dead(String why) {
    set(new Status.Dead(why));
  }

  /** Nothing takes it back that only a restart helps. */
  private void set(Status next) {
    status.updateAndGet(before -> before instanceof Status.Dead ? before : next);
  }
}
