package dev.weir.standalone.rows;

/**
 * Counts in a stream of bytes what is UTF-8 beyond ASCII and what cannot be.
 *
 * <p>For one thread; a sequence may be cut by the end of a call and go on in the next.
 */
final class Utf8Scan {

  private long sequences;
  private long wrong;
  private long line = 1;
  private long firstWrongLine;
  private int missing;
  private int low = 0x80;
  private int high = 0xBF;

  /** Takes the next bytes. */
  void take(byte[] bytes, int count) {
    for (int i = 0; i < count; i++) {
      take(bytes[i] & 0xFF);
    }
  }

  private void take(int value) {
    if (missing > 0) {
      if (value >= low && value <= high) {
        low = 0x80;
        high = 0xBF;
        missing--;
        sequences += missing == 0 ? 1 : 0;
        return;
      }
      missing = 0;
      low = 0x80;
      high = 0xBF;
      countWrong();
    }
    if (value == '\n') {
      line++;
    } else if (value >= 0xC2 && value <= 0xDF) {
      missing = 1;
    } else if (value >= 0xE0 && value <= 0xEF) {
      missing = 2;
      low = value == 0xE0 ? 0xA0 : 0x80;
      high = value == 0xED ? 0x9F : 0xBF;
    } else if (value >= 0xF0 && value <= 0xF4) {
      missing = 3;
      low = value == 0xF0 ? 0x90 : 0x80;
      high = value == 0xF4 ? 0x8F : 0xBF;
    } else if (value >= 0x80) {
      countWrong();
    }
  }

  private void countWrong() {
    wrong++;
    if (firstWrongLine == 0) {
      firstWrongLine = line;
    }
  }

  /** Ends the stream: a sequence that is still open is wrong. */
  void end() {
    if (missing > 0) {
      missing = 0;
      countWrong();
    }
  }

  /** Characters beyond ASCII. */
  long sequences() {
    return sequences;
  }

  /** Bytes and cut sequences that are not UTF-8. */
  long wrong() {
    return wrong;
  }

  /** Line of the first of them, from 1. */
  long firstWrongLine() {
    return firstWrongLine;
  }
}
