package dev.weir.service.ops;

/**
 * What people wrote, as an argument of a log line: only its length unless texts are wanted in logs
 * ({@code WEIR_LOG_TEXTS}). Messages that quote their input count as such, too.
 *
 * <p>Immutable; rendered when the line is.
 */
public final class LoggedText {

  private static final int SHOWN = 200;

  /** One switch for the process, as a logger's level is. */
  private static volatile boolean shown;

  private final String text;

  private LoggedText(String text) {
    this.text = text;
  }

  /** A text that may have come from outside. */
  public static LoggedText of(String text) {
    return new LoggedText(text);
  }

  /** What an exception says, which may quote what it could not read. */
  public static LoggedText of(Throwable problem) {
    return new LoggedText(problem.toString());
  }

  /** Whether texts are shown from now on, in the whole process. */
  public static void show(boolean wanted) {
    shown = wanted;
  }

  @Override
  public String toString() {
    if (!shown) {
      return "(" + text.length() + " characters, WEIR_LOG_TEXTS=true shows them)";
    }
    return text.length() <= SHOWN ? "'" + text + "'" : "'" + text.substring(0, SHOWN) + "…'";
  }
}
