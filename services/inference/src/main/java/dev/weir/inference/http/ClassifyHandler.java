package dev.weir.inference.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.common.event.EventJson;
import dev.weir.common.event.Review;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.Source;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.WorkerExecutor;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/classify}.
 *
 * <p>Parsing and tokenising run on a worker thread, scoring on the scorers; the event loop only
 * writes the answer.
 */
final class ClassifyHandler implements Handler<RoutingContext> {

  private final Classifier classifier;
  private final String baseDigest;
  private final WorkerExecutor workers;

  ClassifyHandler(Classifier classifier, String baseDigest, WorkerExecutor workers) {
    this.classifier = classifier;
    this.baseDigest = baseDigest;
    this.workers = workers;
  }

  private record Submitted(ClassifyRequest request, CompletableFuture<List<Answer>> answers) {}

  @Override
  public void handle(RoutingContext context) {
    Json.require(context);
    byte[] body = Json.body(context);
    workers
        .executeBlocking(() -> submit(body), false)
        .compose(
            submitted ->
                Future.fromCompletionStage(
                        submitted.answers(), context.vertx().getOrCreateContext())
                    .map(answers -> results(submitted.request(), answers)))
        .onSuccess(results -> Json.answer(context, 200, results))
        .onFailure(context::fail);
  }

  private Submitted submit(byte[] body) {
    ClassifyRequest request = ClassifyRequest.parse(body);
    CompletableFuture<List<Answer>> answers =
        classifier
            .tryClassify(Source.HTTP, request.reviews())
            .orElseThrow(
                () ->
                    new Problem(
                            429,
                            "queue-full",
                            "too many texts wait already; send this request again after a second, or add replicas")
                        .retryAfter(1));
    return new Submitted(request, answers);
  }

  private ObjectNode results(ClassifyRequest request, List<Answer> answers) {
    ObjectNode body = EventJson.mapper().createObjectNode();
    ArrayNode results = body.putArray("results");
    for (int i = 0; i < answers.size(); i++) {
      Review review = request.reviews().get(i);
      result(results.addObject(), i, request.ids().get(i), review.adapter(), answers.get(i));
    }
    return body;
  }

  private void result(
      ObjectNode result, int index, @Nullable String id, String adapter, Answer answer) {
    if (id != null) {
      result.put("id", id);
    }
    if (answer instanceof Answer.Scored scored) {
      Answer.Abstained unsure = scored.abstention().orElse(null);
      result.put("label", unsure == null ? scored.label() : null);
      ObjectNode scores = result.putObject("scores");
      scored.scores().forEach(scores::put);
      result.put("adapter", adapter);
      result.put("version", scored.id().version());
      result.put("adapterDigest", scored.digest());
      result.put("baseDigest", baseDigest);
      result.put("abstained", unsure != null);
      if (unsure != null) {
        reason(result, unsure);
      }
    } else if (answer instanceof Answer.Abstained abstained) {
      result.putNull("label");
      result.putObject("scores");
      result.put("adapter", adapter);
      result.putNull("version");
      result.putNull("adapterDigest");
      result.put("baseDigest", baseDigest);
      result.put("abstained", true);
      reason(result, abstained);
    } else if (answer instanceof Answer.Failed failed) {
      throw new Problem(
              500,
              "scoring-failed",
              "the model failed on this text; the log of this process says why",
              failed.cause())
          .at(index);
    }
  }

  private static void reason(ObjectNode result, Answer.Abstained abstained) {
    ObjectNode reason = result.putObject("reason");
    reason.put("code", abstained.code());
    reason.put("message", abstained.message());
  }
}
