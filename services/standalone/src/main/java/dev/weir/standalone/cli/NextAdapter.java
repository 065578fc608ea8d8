package dev.weir.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.service.config.Setting;
import dev.weir.trainer.evaluate.PromotionGate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How many labels an adapter has, and how many its first version needs.
 *
 * @param labels labels so far: in the open batch, and in those before that nothing came of
 * @param needed labels that a first version needs, about; 0 when one was promoted
 * @param training training rows that it needs
 * @param holdout holdout rows that the gate needs
 * @param names its labels
 */
record NextAdapter(long labels, long needed, int training, int holdout, List<String> names) {

  private static final String SHARE = "WEIR_CURATION_HOLDOUT_SHARE";
  private static final String MIN_HOLDOUT = "WEIR_TRAIN_MIN_HOLDOUT";

  /** Labels that give so many rows in both splits, by the settings of this environment. */
  static long needed(Map<String, String> environment) {
    double share = number(SHARE, environment);
    int holdout = (int) number(MIN_HOLDOUT, environment);
    double forTraining = PromotionGate.MIN_TRAIN / Math.max(1e-9, 1 - share);
    double forHoldout = share > 0 ? holdout / share : 0;
    return (long) Math.ceil(Math.max(forTraining, forHoldout));
  }

  static int holdout(Map<String, String> environment) {
    return (int) number(MIN_HOLDOUT, environment);
  }

  private static double number(String name, Map<String, String> environment) {
    String otherwise =
        AllSettings.ofServices().stream()
            .filter(setting -> setting.name().equals(name))
            .map(Setting::defaultValue)
            .findFirst()
            .orElseThrow();
    try {
      return Double.parseDouble(environment.getOrDefault(name, otherwise));
    } catch (NumberFormatException e) {
      // The services refuse it with a reason; here it only counts.
      return Double.parseDouble(otherwise);
    }
  }

  /** Reads it from an adapter of {@code GET /v1/adapters} and the size of its open batch. */
  static NextAdapter of(JsonNode adapter, long open, Map<String, String> environment) {
    boolean promoted = false;
    long before = 0;
    for (JsonNode version : adapter.path("versions")) {
      promoted |= version.path("state").asText().equals("promoted");
      before =
          Math.max(
              before,
              version.path("trainingExamples").asLong()
                  + version.path("decision").path("holdoutRows").asLong());
    }
    promoted |= adapter.has("serving") || adapter.has("champion");
    List<String> names = new ArrayList<>();
    adapter.path("labels").forEach(name -> names.add(name.asText()));
    return new NextAdapter(
        promoted ? open : open + before,
        promoted ? 0 : needed(environment),
        PromotionGate.MIN_TRAIN,
        holdout(environment),
        names);
  }

  /** One line. */
  String line() {
    if (needed == 0) {
      return "%d new labels in the open batch".formatted(labels);
    }
    return String.format(
        Locale.ROOT,
        "%d of about %d labels for its first adapter (%d training and %d holdout rows, with two"
            + " labels at least%s)",
        labels,
        needed,
        training,
        holdout,
        names.isEmpty() ? "" : " of " + String.join(", ", names));
  }
}
