package dev.weir.standalone.cli;

import java.io.PrintWriter;
import java.util.Locale;

/** A counter on one line of a terminal, redrawn at most ten times a second; silent elsewhere. */
final class ProgressBar implements AutoCloseable {

  private static final long REDRAW_NANOS = 100_000_000;

  private final PrintWriter out;
  private final String what;
  private final boolean shown;
  private final long started = System.nanoTime();
  private long drawn;

  private ProgressBar(PrintWriter out, String what, boolean shown) {
    this.out = out;
    this.what = what;
    this.shown = shown;
  }

  /** A bar on {@code out} when the launcher says that this is a terminal. */
  static ProgressBar onConsole(PrintWriter out, String what) {
    return new ProgressBar(out, what, Boolean.getBoolean("weir.terminal"));
  }

  /** Says how many are done. */
  void step(long done) {
    long now = System.nanoTime();
    if (!shown || now - drawn < REDRAW_NANOS) {
      return;
    }
    drawn = now;
    double seconds = (now - started) / 1e9;
    out.printf(Locale.ROOT, "\r%s: %,d (%.0f/s) ", what, done, done / Math.max(seconds, 1e-3));
    out.flush();
  }

  @Override
  public void close() {
    if (shown && drawn != 0) {
      out.print("\r\u001b[K");
      out.flush();
    }
  }
}
