package dev.weir.inference.http.web;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request that cannot be answered, in the form of RFC 9457 ({@code application/problem+json}).
 */
public final class Problem extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** The media type of RFC 9457. */
  public static final String TYPE = "application/problem+json";

  private final int status;
  private final String code;
  private final String detail;
  private @Nullable Integer index;
  private @Nullable Integer retryAfterSeconds;

  /** A problem with its status, its stable code, and a message that names the remedy. */
  public Problem(int status, String code, String detail) {
    this(status, code, detail, null);
  }

  /**
   * A problem.
   *
   * @param code stable code, for programs
   * @param detail what is wrong, the limit against the actual value, and the remedy
   */
  public Problem(int status, String code, String detail, @Nullable Throwable cause) {
    super(detail, cause, false, false);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }

  /** Too many texts wait already. */
  public static Problem queueFull() {
    return new Problem(
            429,
            "queue-full",
            "too many texts wait already; send this request again after a second, or add replicas")
        .retryAfter(1);
  }

  /** The model failed on one text, also when it was alone. */
  public static Problem scoringFailed(Throwable cause) {
    return new Problem(
        500,
        "scoring-failed",
        "the model failed on this text; the log of this process says why",
        cause);
  }

  /** Names the text of several that it is about, from 0. */
  public Problem at(int position) {
    index = position;
    return this;
  }

  /** Says that the same request may succeed after a while. */
  public Problem retryAfter(int seconds) {
    retryAfterSeconds = seconds;
    return this;
  }

  /** The status of the response. */
  public int status() {
    return status;
  }

  /** After how many seconds the same may succeed; {@code null} where that is not known. */
  public @Nullable Integer retryAfterSeconds() {
    return retryAfterSeconds;
  }

  /** The message. */
  public String detail() {
    return detail;
  }

  /** The members of the JSON object of RFC 9457. */
  public Map<String, Object> body() {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("type", "urn:weir:problem:" + code);
    body.put("title", code.replace('-', ' '));
    body.put("status", status);
    body.put("code", code);
    body.put("detail", detail);
    if (index != null) {
      body.put("index", index);
    }
    return body;
  }
}
