package dev.weir.inference.http;

import dev.weir.contract.event.AdapterCatalog;
import dev.weir.contract.event.EventReader;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.InputPosition;
import dev.weir.contract.event.OpinionReader;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.inference.http.guard.AccessHandler;
import dev.weir.inference.http.web.Bodies;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.http.web.RequestTraces;
import dev.weir.inference.http.web.Workers;
import dev.weir.inference.publish.FeedbackNotSentException;
import dev.weir.inference.publish.FeedbackPublisher;
import io.opentelemetry.api.trace.Span;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.Objects;
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
    try {
      publisher.requireBroker();
    } catch (FeedbackNotSentException e) {
      throw problem(e);
    }
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
        .onFailure(
            failure ->
                context.fail(failure instanceof FeedbackNotSentException e ? problem(e) : failure));
  }

  private static Problem problem(FeedbackNotSentException e) {
    String message = Objects.requireNonNullElse(e.getMessage(), "not sent");
    return switch (e.kind()) {
      case CLOSING -> new Problem(503, "closing", message, e).retryAfter(1);
      case BROKER_UNAVAILABLE -> new Problem(503, "broker-unavailable", message, e).retryAfter(5);
      case RECORD_REFUSED -> new Problem(413, "record-refused", message, e);
    };
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
