package dev.weir.inference.http.classify;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.contract.event.EventJson;
import dev.weir.contract.event.Review;
import dev.weir.inference.http.web.Problem;
import dev.weir.inference.score.Answer;
import dev.weir.inference.score.Explanation;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the answers to one {@code POST /v1/classify}: a result per text, in their order. */
final class ClassifyResponse {

  private final String baseDigest;
  private final ClassifyRequest request;

  ClassifyResponse(String baseDigest, ClassifyRequest request) {
    this.baseDigest = baseDigest;
    this.request = request;
  }

  ObjectNode of(List<Explanation> answers) {
    ObjectNode body = EventJson.mapper().createObjectNode();
    ArrayNode results = body.putArray("results");
    for (int i = 0; i < answers.size(); i++) {
      ObjectNode result = results.addObject();
      String id = request.ids().get(i);
      if (id != null) {
        result.put("id", id);
      }
      answer(result, i, answers.get(i));
    }
    return body;
  }

  private void answer(ObjectNode result, int index, Explanation explanation) {
    Review review = request.reviews().get(index);
    if (explanation.answer() instanceof Answer.Scored scored) {
      scored(result, review, scored);
      if (request.explain()) {
        explain(result, review.text(), scored.label(), explanation.words());
      }
    } else if (explanation.answer() instanceof Answer.Abstained abstained) {
      abstained(result, review, abstained);
    } else if (explanation.answer() instanceof Answer.Failed failed) {
      throw Problem.scoringFailed(failed.cause()).at(index);
    }
  }

  private void scored(ObjectNode result, Review review, Answer.Scored scored) {
    Answer.Abstained unsure = scored.abstention().orElse(null);
    result.put("label", unsure == null ? scored.label() : null);
    ObjectNode scores = result.putObject("scores");
    Integer topK = request.topK();
    if (topK == null) {
      scored.scores().forEach(scores::put);
    } else {
      ArrayNode top = result.putArray("top");
      for (Map.Entry<String, Double> each : best(scored, topK)) {
        scores.put(each.getKey(), each.getValue());
        top.addObject().put("label", each.getKey()).put("probability", each.getValue());
      }
    }
    versioned(result, review, scored.id().version(), scored.digest());
    result.put("abstained", unsure != null);
    if (unsure != null) {
      reason(result, unsure);
    }
  }

  /** The most probable labels; of equally probable ones that of the earlier row. */
  private static List<Map.Entry<String, Double>> best(Answer.Scored scored, int count) {
    return scored.scores().entrySet().stream()
        .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
        .limit(count)
        .toList();
  }

  private void abstained(ObjectNode result, Review review, Answer.Abstained abstained) {
    result.putNull("label");
    result.putObject("scores");
    versioned(result, review, null, null);
    result.put("abstained", true);
    reason(result, abstained);
  }

  private static void reason(ObjectNode result, Answer.Abstained abstained) {
    ObjectNode reason = result.putObject("reason");
    reason.put("code", abstained.code());
    reason.put("message", abstained.message());
  }

  private void versioned(
      ObjectNode result, Review review, @Nullable Integer version, @Nullable String digest) {
    result.put("adapter", review.adapter());
    result.put("version", version);
    result.put("adapterDigest", digest);
    result.put("baseDigest", baseDigest);
  }

  private static void explain(
      ObjectNode result, String text, String label, List<Explanation.Word> words) {
    ObjectNode explanation = result.putObject("explanation");
    explanation.put("method", "occlusion");
    explanation.put("label", label);
    ArrayNode list = explanation.putArray("words");
    for (Explanation.Word word : words) {
      list.addObject()
          .put("start", word.start())
          .put("end", word.end())
          .put("text", text.substring(word.start(), word.end()))
          .put("score", word.score())
          .put("probability", word.probability());
    }
  }
}
