package dev.weir.inference.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class UseCountTest {

  @Property
  void neverGoesBelowZeroAndFiresOnce(@ForAll List<Boolean> steps) {
    AtomicInteger fired = new AtomicInteger();
    UseCount uses = new UseCount(fired::incrementAndGet);
    int model = 1;
    for (boolean acquire : steps) {
      if (acquire) {
        assertThat(uses.acquire()).isEqualTo(model > 0);
        model += model > 0 ? 1 : 0;
      } else if (model > 0) {
        uses.release();
        model--;
      } else {
        assertThatThrownBy(uses::release).isInstanceOf(IllegalStateException.class);
      }
      assertThat(uses.current()).isEqualTo(model);
      assertThat(fired).hasValue(model == 0 ? 1 : 0);
    }
  }

  @Test
  void firesAfterTheLastOfManyThreads() throws Exception {
    for (int round = 0; round < 200; round++) {
      AtomicInteger holders = new AtomicInteger();
      AtomicInteger heldAtEnd = new AtomicInteger(-1);
      UseCount uses = new UseCount(() -> heldAtEnd.set(holders.get()));
      CountDownLatch go = new CountDownLatch(1);
      ExecutorService threads = Executors.newFixedThreadPool(4);
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        done.add(
            threads.submit(
                () -> {
                  go.await();
                  if (uses.acquire()) {
                    holders.incrementAndGet();
                    holders.decrementAndGet();
                    uses.release();
                  }
                  return null;
                }));
      }
      go.countDown();
      uses.release();
      for (Future<?> each : done) {
        each.get();
      }
      threads.shutdown();
      assertThat(uses.current()).isZero();
      assertThat(heldAtEnd).hasValue(0);
    }
  }
}
