package dev.weir.contract.event;

import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import org.jspecify.annotations.Nullable;

/**
 * Reads the label out of feedback by the label scheme of its adapter.
 *
 * <p>Curation decides by it, and the HTTP interface refuses by it what curation would refuse, while
 * the caller still listens. Pure and thread-safe.
 */
public final class OpinionReader {

  private static final int SHOWN = 64;

  private final AdapterCatalog catalog;

  /** A reader for the declared adapters. */
  public OpinionReader(AdapterCatalog catalog) {
    this.catalog = catalog;
  }

  /**
   * Why no review that may still come can make this feedback usable; null when one could, or none
   * is needed.
   */
  public @Nullable Rejected<String> hopeless(Feedback feedback) {
    if (feedback.verdict() != null && feedback.reviewId() == null) {
      return new Rejected<>(
          Reason.UNRESOLVABLE_VERDICT,
          "a verdict is about a served answer, but the feedback names no review;"
              + " set 'reviewId', or give a 'label'");
    }
    String adapter = feedback.adapter();
    if (adapter == null) {
      if (feedback.reviewId() != null) {
        return null; // The review may name another adapter than the default.
      }
      adapter = Limits.DEFAULT_ADAPTER;
    }
    Parsed<LabelScheme> declared = scheme(adapter);
    if (declared instanceof Rejected<LabelScheme> unknown) {
      return new Rejected<>(unknown.reason(), unknown.message());
    }
    LabelScheme scheme = ((Accepted<LabelScheme>) declared).event();
    return feedback.verdict() == null
            && stated(feedback, adapter, scheme) instanceof Rejected<String> bad
        ? bad
        : null;
  }

  /** The label scheme of an adapter. */
  public Parsed<LabelScheme> scheme(String adapter) {
    return catalog
        .scheme(adapter)
        .<Parsed<LabelScheme>>map(Accepted::new)
        .orElseGet(
            () ->
                new Rejected<>(
                    Reason.UNKNOWN_ADAPTER,
                    "adapter '"
                        + adapter
                        + "' is not declared, known are "
                        + catalog.names().stream().sorted().toList()
                        + "; declare it and its labels in WEIR_ADAPTERS"));
  }

  /** The canonical label that feedback states by itself, as a label or in stars. */
  public Parsed<String> stated(Feedback feedback, String adapter, LabelScheme scheme) {
    if (feedback.label() != null) {
      return canonical(feedback.label(), adapter, scheme);
    }
    Double stars = feedback.stars();
    if (stars == null) {
      return new Rejected<>(
          Reason.MISSING_LABEL, "the feedback states no label; set 'label' or 'stars'");
    }
    return scheme
        .forStars(stars)
        .<Parsed<String>>map(Accepted::new)
        .orElseGet(
            () ->
                new Rejected<>(
                    Reason.UNMAPPED_STARS,
                    stars
                        + " stars mean no label of adapter '"
                        + adapter
                        + "', mapped are "
                        + spans(scheme)
                        + "; give a 'label', or map them in WEIR_ADAPTERS"));
  }

  /** The canonical label for a spelling. */
  public Parsed<String> canonical(String spelling, String adapter, LabelScheme scheme) {
    return scheme
        .canonical(spelling)
        .<Parsed<String>>map(Accepted::new)
        .orElseGet(
            () ->
                new Rejected<>(
                    Reason.UNKNOWN_LABEL,
                    "'"
                        + Surrogates.clip(spelling, SHOWN)
                        + (spelling.length() > SHOWN ? "…" : "")
                        + "' is not a label of adapter '"
                        + adapter
                        + "', accepted are "
                        + scheme.labels().stream().map(OpinionReader::spellings).toList()
                        + " in any letter case; use one of them, or declare it in WEIR_ADAPTERS"));
  }

  private static String spellings(LabelScheme.Label label) {
    return label.aliases().isEmpty()
        ? label.name()
        : label.name() + " (" + String.join(", ", label.aliases()) + ")";
  }

  private static String spans(LabelScheme scheme) {
    return scheme.labels().stream()
        .filter(label -> label.minStars() <= label.maxStars())
        .map(label -> label.minStars() + " to " + label.maxStars() + " = " + label.name())
        .toList()
        .toString();
  }
}
