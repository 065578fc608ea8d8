package dev.weir.service.trace;

import io.opentelemetry.api.common.AttributeKey;

/**
 * Names of spans' attributes: OpenTelemetry's semantic conventions for messaging and HTTP, and
 * Weir's own under {@code weir.}. None of them ever holds a text.
 */
public final class TraceAttributes {

  /** Always kafka. */
  public static final AttributeKey<String> MESSAGING_SYSTEM =
      AttributeKey.stringKey("messaging.system");

  /** process or send. */
  public static final AttributeKey<String> OPERATION_TYPE =
      AttributeKey.stringKey("messaging.operation.type");

  /** process or send. */
  public static final AttributeKey<String> OPERATION_NAME =
      AttributeKey.stringKey("messaging.operation.name");

  /** The topic. */
  public static final AttributeKey<String> DESTINATION =
      AttributeKey.stringKey("messaging.destination.name");

  /** The partition. */
  public static final AttributeKey<String> PARTITION =
      AttributeKey.stringKey("messaging.destination.partition.id");

  /** The offset. */
  public static final AttributeKey<Long> OFFSET = AttributeKey.longKey("messaging.kafka.offset");

  /** Method of an HTTP request. */
  public static final AttributeKey<String> HTTP_METHOD =
      AttributeKey.stringKey("http.request.method");

  /** Route of an HTTP request. */
  public static final AttributeKey<String> HTTP_ROUTE = AttributeKey.stringKey("http.route");

  /** Status of an HTTP response. */
  public static final AttributeKey<Long> HTTP_STATUS =
      AttributeKey.longKey("http.response.status_code");

  /** What went wrong, a stable code. */
  public static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

  /** The review's id. */
  public static final AttributeKey<String> REVIEW = AttributeKey.stringKey("weir.review.id");

  /** The adapter's name. */
  public static final AttributeKey<String> ADAPTER = AttributeKey.stringKey("weir.adapter");

  /** The adapter's version. */
  public static final AttributeKey<Long> VERSION = AttributeKey.longKey("weir.adapter.version");

  /** The batch. */
  public static final AttributeKey<String> BATCH = AttributeKey.stringKey("weir.batch.id");

  /** Examples in the batch. */
  public static final AttributeKey<Long> BATCH_SIZE = AttributeKey.longKey("weir.batch.size");

  /** How the challenger was made. */
  public static final AttributeKey<String> METHOD = AttributeKey.stringKey("weir.method");

  /** What became of it: answered, abstained, example, promoted, retained, loaded and so on. */
  public static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("weir.outcome");

  private TraceAttributes() {}
}
