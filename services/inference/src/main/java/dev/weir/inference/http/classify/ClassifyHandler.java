package dev.weir.inference.http.classify;

import dev.weir.contract.event.Review;
import dev.weir.inference.http.guard.AccessHandler;
import dev.weir.inference.http.guard.Callers;
import dev.weir.inference.http.web.Bodies;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Parsers;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.score.Caller;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.Explainer;
import dev.weir.inference.score.Explanation;
import dev.weir.inference.shadow.HttpShadows;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;

/**
 * {@code POST /v1/classify}.
 *
 * <p>Parsing and tokenising run on a worker thread, scoring on the scorers; the event loop only
 * writes the answer. Texts that are to be explained go one after the other, so that a request never
 * takes more of the queue than one of them does.
 */
public final class ClassifyHandler implements Handler<RoutingContext> {

  private final Classifier classifier;
  private final Explainer explainer;
  private final HttpShadows shadows;
  private final String baseDigest;
  private final Parsers parsers;

  /** A handler over the parts that it is given; it closes none of them. */
  public ClassifyHandler(
      Classifier classifier, HttpShadows shadows, String baseDigest, Parsers parsers) {
    this.shadows = shadows;
    this.classifier = classifier;
    this.explainer = new Explainer(classifier, parsers.small());
    this.baseDigest = baseDigest;
    this.parsers = parsers;
  }

  private record Submitted(
      ClassifyRequest request, CompletableFuture<List<Explanation>> explanations) {}

  @Override
  public void handle(RoutingContext context) {
    Json.require(context);
    byte[] body = Bodies.of(context);
    Caller caller = Callers.of(context, classifier);
    IntConsumer allowance = AccessHandler.texts(context);
    parsers
        .call(body, () -> submit(caller, body, allowance))
        .compose(
            submitted ->
                Future.fromCompletionStage(
                        submitted.explanations(), context.vertx().getOrCreateContext())
                    .map(done -> new ClassifyResponse(baseDigest, submitted.request()).of(done)))
        .onSuccess(results -> Json.answer(context, 200, results))
        .onFailure(context::fail);
  }

  private Submitted submit(Caller caller, byte[] body, IntConsumer allowance) {
    ClassifyRequest request = ClassifyRequest.parse(body);
    allowance.accept(request.reviews().size());
    CompletableFuture<List<Explanation>> explanations =
        request.explain()
            ? explain(caller, request.reviews(), new ArrayList<>())
            : classify(caller, request);
    return new Submitted(request, explanations.thenApply(done -> shadowed(request, done)));
  }

  private List<Explanation> shadowed(ClassifyRequest request, List<Explanation> done) {
    shadows.offer(request.reviews(), done.stream().map(Explanation::answer).toList());
    return done;
  }

  private CompletableFuture<List<Explanation>> classify(Caller caller, ClassifyRequest request) {
    return classifier
        .tryClassify(caller, request.reviews())
        .orElseThrow(Problem::queueFull)
        .thenApply(
            answers -> answers.stream().map(answer -> new Explanation(answer, List.of())).toList());
  }

  private CompletableFuture<List<Explanation>> explain(
      Caller caller, List<Review> reviews, List<Explanation> done) {
    if (done.size() == reviews.size()) {
      return CompletableFuture.completedFuture(done);
    }
    return explainer
        .explain(caller, reviews.get(done.size()))
        .thenCompose(
            (Optional<Explanation> explanation) -> {
              done.add(explanation.orElseThrow(Problem::queueFull));
              return explain(caller, reviews, done);
            });
  }
}
