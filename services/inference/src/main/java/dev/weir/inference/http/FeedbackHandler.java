package dev.weir.inference.http;

import dev.weir.common.event.AdapterCatalog;
import dev.weir.common.event.EventReader;
import dev.weir.common.event.Feedback;
import dev.weir.common.event.InputPosition;
import dev.weir.common.event.OpinionReader;
import dev.weir.common.event.Parsed;
import dev.weir.common.event.Parsed.Accepted;
import dev.weir.common.event.Parsed.Reason;
import dev.weir.common.event.Parsed.Rejected;
import io.opentelemetry.api.trace.Span;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * {@code POST /v1/feedback}: 202 once Kafka has the record. What curation would refuse whatever
 * review may come is refused here; whether the review is known is for curation to say.
 */
final class FeedbackHandler implements Handler<RoutingContext> {

  /** A text of 100,000 characters, each written as six, fits. */
  static final int MOST_BYTES = 1 << 20;

  private final FeedbackPublisher publisher;
  private final OpinionReader opinions;
  private final Workers workers;

  FeedbackHandler(FeedbackPublisher publisher, AdapterCatalog catalog, Workers workers) {
    this.publisher = publisher;
    this.opinions = new OpinionReader(catalog);
    this.workers = workers;
  }

  @Override
  public void handle(RoutingContext context) {
    Json.require(context);
    publisher.requireBroker();
    byte[] body = Bodies.of(context);
    Optional<String> source = AccessHandler.source(context);
    workers
        .call(() -> publish(body, source, RequestTraces.of(context)))
        .compose(sent -> Future.fromCompletionStage(sent, context.vertx().getOrCreateContext()))
        .onSuccess(
            at ->
                Json.answer(
                    context,
                    202,
                    Map.of(
                        "topic", at.topic(),
                        "partition", at.partition(),
                        "offset", at.offset())))
        .onFailure(context::fail);
  }

  private CompletableFuture<InputPosition> publish(
      byte[] body, Optional<String> source, Span span) {
    Json.requireBounded(body);
    Parsed<Feedback> parsed = EventReader.feedback(null, body);
    if (parsed instanceof Rejected<Feedback> bad) {
      int status = bad.reason() == Reason.MALFORMED_JSON ? 400 : 422;
      throw new Problem(status, bad.reason().code(), bad.message());
    }
    Feedback given = ((Accepted<Feedback>) parsed).event();
    Feedback feedback = source.map(given::from).orElse(given);
    Rejected<String> hopeless = opinions.hopeless(feedback);
    if (hopeless != null) {
      throw new Problem(422, hopeless.reason().code(), hopeless.message());
    }
    return publisher.publish(feedback, span);
  }
}
