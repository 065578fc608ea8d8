package dev.weir.inference.http.classify;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.inference.http.admin.AdaptersView;
import dev.weir.inference.http.guard.AccessHandler;
import dev.weir.inference.http.guard.Callers;
import dev.weir.inference.http.web.Bodies;
import dev.weir.inference.http.web.Json;
import dev.weir.inference.http.web.Parsers;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Caller;
import dev.weir.inference.score.Classifier;
import dev.weir.inference.score.OneVersion;
import dev.weir.inference.shadow.HttpShadows;
import dev.weir.service.ops.Health;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The Open Inference Protocol, version 2, over HTTP: each adapter is a model with one text input.
 *
 * <p>Source: {@code specification/protocol/inference_rest.md} of kserve/open-inference-protocol.
 * The champion is the only version that can be asked for, and answers also where a canary would
 * answer Weir's own interface. The label is empty where the adapter abstains for want of
 * confidence. All outputs of a request are of one version, which the response names. Errors are
 * {@code {"error": …}}; {@link dev.weir.inference.http.Problems} writes them.
 */
public final class InferenceProtocol {

  /** Paths under it answer errors in the protocol's form. */
  public static final String ROOT = "/v2";

  private static final String PLATFORM = "weir_onnxruntime_lora";

  private final AdaptersView adapters;
  private final Classifier classifier;
  private final OneVersion oneVersion;
  private final HttpShadows shadows;
  private final Health health;
  private final String baseDigest;
  private final Parsers parsers;

  /** The handlers over the parts that they are given; they close none of them. */
  public InferenceProtocol(
      AdaptersView adapters,
      Classifier classifier,
      HttpShadows shadows,
      Health health,
      String baseDigest,
      Parsers parsers) {
    this.adapters = adapters;
    this.classifier = classifier;
    this.oneVersion = new OneVersion(classifier, parsers.small());
    this.shadows = shadows;
    this.health = health;
    this.baseDigest = baseDigest;
    this.parsers = parsers;
  }

  /** {@code GET /v2}. */
  public void server(RoutingContext context) {
    String version = InferenceProtocol.class.getPackage().getImplementationVersion();
    Json.answer(
        context,
        200,
        Map.of(
            "name",
            "weir",
            "version",
            version == null ? "development" : version,
            "extensions",
            List.of()));
  }

  /** {@code GET /v2/health/live}. */
  public void live(RoutingContext context) {
    boolean live = health.live();
    Json.answer(context, live ? 200 : 503, Map.of("live", live));
  }

  /** {@code GET /v2/health/ready}: the specification names its field {@code live}, too. */
  public void ready(RoutingContext context) {
    boolean ready = health.ready();
    Json.answer(context, ready ? 200 : 503, Map.of("live", ready, "ready", ready));
  }

  /** {@code GET /v2/models/{adapter}[/versions/{version}]}. */
  public void model(RoutingContext context) {
    AdaptersView.Serving serving = serving(context);
    ObjectNode model = EventJson.mapper().createObjectNode();
    model.put("name", context.pathParam("adapter"));
    model.putArray("versions").add(Integer.toString(serving.version()));
    model.put("platform", PLATFORM);
    tensor(model.putArray("inputs"), InferRequest.INPUT, "BYTES", -1);
    ArrayNode outputs = model.putArray("outputs");
    int labels = serving.labels().size();
    tensor(outputs, InferRequest.LABEL, "BYTES", -1);
    tensor(outputs, InferRequest.PROBABILITIES, "FP64", -1, labels);
    tensor(outputs, InferRequest.LABELS, "BYTES", labels);
    Json.answer(context, 200, model);
  }

  /** {@code GET /v2/models/{adapter}[/versions/{version}]/ready}. */
  public void modelReady(RoutingContext context) {
    String adapter = context.pathParam("adapter");
    boolean ready = adapters.serving(adapter).isPresent();
    if (ready || !adapters.exists(adapter)) {
      serving(context); // Refuses what is unknown, or serves in another version.
    }
    // The specification asks for a status of 4xx where a model is not ready.
    Json.answer(context, ready ? 200 : 409, Map.of("name", adapter, "ready", ready));
  }

  /** {@code POST /v2/models/{adapter}[/versions/{version}]/infer}. */
  public void infer(RoutingContext context) {
    if (context.request().headers().contains("Inference-Header-Content-Length")) {
      throw InferRequest.binary();
    }
    Json.require(context);
    String adapter = context.pathParam("adapter");
    serving(context);
    byte[] body = Bodies.of(context);
    IntConsumer allowance = AccessHandler.texts(context);
    Caller caller = Callers.of(context, classifier);
    parsers
        .call(
            body,
            () -> {
              InferRequest request = InferRequest.parse(body, adapter);
              allowance.accept(request.reviews().size());
              return request;
            })
        .compose(
            request ->
                Future.fromCompletionStage(
                        answers(caller, request), context.vertx().getOrCreateContext())
                    .map(answers -> response(context, request, answers)))
        .onSuccess(response -> Json.answer(context, 200, response))
        .onFailure(context::fail);
  }

  private CompletableFuture<List<Answer>> answers(Caller caller, InferRequest request) {
    return oneVersion
        .classify(caller, request.reviews())
        .thenApply(
            answers -> {
              List<Answer> given = answers.orElseThrow(Problem::queueFull);
              shadows.offer(request.reviews(), given);
              return given;
            });
  }

  private ObjectNode response(RoutingContext context, InferRequest request, List<Answer> answers) {
    String adapter = context.pathParam("adapter");
    for (int i = 0; i < answers.size(); i++) {
      if (answers.get(i) instanceof Answer.Failed failed) {
        throw Problem.scoringFailed(failed.cause()).at(i);
      }
      if (answers.get(i) instanceof Answer.Abstained silent && silent.ofTheText()) {
        throw new Problem(400, silent.code(), "text " + i + ": " + silent.message()).at(i);
      }
    }
    List<Answer.Scored> scored =
        answers.stream()
            .filter(Answer.Scored.class::isInstance)
            .map(Answer.Scored.class::cast)
            .toList();
    if (scored.size() < answers.size()) {
      throw notServed(adapter);
    }
    ObjectNode response = EventJson.mapper().createObjectNode();
    response.put("model_name", adapter);
    if (scored.isEmpty()) {
      AdaptersView.Serving serving = serving(context);
      response.put("model_version", Integer.toString(serving.version()));
      outputs(response, request, serving.labels(), scored);
    } else {
      Answer.Scored first = scored.get(0);
      requireVersion(context, first.id().version());
      response.put("model_version", Integer.toString(first.id().version()));
      response
          .putObject("parameters")
          .put("adapter_digest", first.digest())
          .put("base_digest", baseDigest);
      outputs(response, request, first.labels(), scored);
    }
    if (request.id() != null) {
      response.put("id", request.id());
    }
    return response;
  }

  private static void outputs(
      ObjectNode response, InferRequest request, List<String> labels, List<Answer.Scored> scored) {
    ArrayNode outputs = response.putArray("outputs");
    for (String name : request.outputs()) {
      if (name.equals(InferRequest.PROBABILITIES)) {
        ObjectNode tensor = tensor(outputs, name, "FP64", scored.size(), labels.size());
        ArrayNode data = tensor.putArray("data");
        scored.forEach(each -> each.probabilities().forEach(data::add));
      } else if (name.equals(InferRequest.LABELS)) {
        ArrayNode data = tensor(outputs, name, "BYTES", labels.size()).putArray("data");
        labels.forEach(data::add);
      } else {
        int[] shape = request.shape().stream().mapToInt(Integer::intValue).toArray();
        ArrayNode data = tensor(outputs, name, "BYTES", shape).putArray("data");
        scored.forEach(each -> data.add(each.abstention().isEmpty() ? each.label() : ""));
      }
    }
  }

  private static ObjectNode tensor(ArrayNode tensors, String name, String datatype, int... shape) {
    ObjectNode tensor = tensors.addObject().put("name", name).put("datatype", datatype);
    ArrayNode dimensions = tensor.putArray("shape");
    for (int dimension : shape) {
      dimensions.add(dimension);
    }
    return tensor;
  }

  /** What serves under the path's name, if the path names that version or none. */
  private AdaptersView.Serving serving(RoutingContext context) {
    String adapter = context.pathParam("adapter");
    Optional<AdaptersView.Serving> serving = adapters.serving(adapter);
    if (serving.isEmpty()) {
      throw notServed(adapter);
    }
    requireVersion(context, serving.get().version());
    return serving.get();
  }

  private Problem notServed(String adapter) {
    return adapters.exists(adapter)
        ? new Problem(
                409,
                "no-adapter",
                "no version of model '%s' serves here; GET /v1/adapters/%s says why"
                    .formatted(adapter, adapter))
            .retryAfter(5)
        : new Problem(
            404,
            "unknown-adapter",
            "there is no model '" + adapter + "'; GET /v1/adapters lists the adapters");
  }

  private static void requireVersion(RoutingContext context, int serving) {
    @Nullable String asked = context.pathParams().get("version");
    if (asked != null && !asked.equals(Integer.toString(serving))) {
      String adapter = context.pathParam("adapter");
      throw new Problem(
          404,
          "version-not-served",
          "model '%s' serves version %d, not '%s'; ask for that one, or leave /versions/… out"
              .formatted(adapter, serving, asked));
    }
  }
}
