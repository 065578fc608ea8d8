package dev.weir.inference.http.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.weir.inference.http.TestingParts;
import dev.weir.inference.slot.TestingAdapters;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdaptersViewTest {

  private static final int CALLS = 500;

  @TempDir Path directory;

  /** It runs on the event loop: what it makes must not grow with what others have. */
  @Test
  void oneAdapterIsLookedUpAmongAThousandOfFiftyReleases() {
    try (TestingParts testing = new TestingParts(directory)) {
      AdaptersView view = testing.parts.adapters();
      TestingAdapters.announce(testing.announced, "default", AdaptersView.MOST_VERSIONS);
      long alone = bytesOfOne(view);
      for (int i = 0; i < 1000; i++) {
        TestingAdapters.announce(testing.announced, "other-" + i, 50);
      }
      assertThat(view.all().adapters()).hasSize(1001);
      assertThat(view.one("other-999").orElseThrow().versions()).hasSize(50);
      assertThat(bytesOfOne(view)).isLessThan(2 * alone);
      // Of its own releases, too, only those that are shown cost anything.
      TestingAdapters.announce(testing.announced, "default", 400);
      assertThat(view.one("default").orElseThrow().versions())
          .hasSize(AdaptersView.MOST_VERSIONS)
          .first()
          .satisfies(newest -> assertThat(newest.version()).isEqualTo(400));
      assertThat(bytesOfOne(view)).isLessThan(2 * alone);
    }
  }

  private static long bytesOfOne(AdaptersView view) {
    ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (int i = 0; i < CALLS; i++) {
      assertThat(view.one("default")).isPresent();
    }
    long before = thread.getCurrentThreadAllocatedBytes();
    int found = 0;
    for (int i = 0; i < CALLS; i++) {
      found += view.one("default").isPresent() ? 1 : 0;
    }
    long bytes = thread.getCurrentThreadAllocatedBytes() - before;
    assertThat(found).isEqualTo(CALLS);
    return bytes / CALLS;
  }
}
