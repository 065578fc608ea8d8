package dev.weir.store.signing;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.weir.contract.release.AdapterId;
import dev.weir.contract.release.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a trainer vouches for: an in-toto Statement (v1, https://in-toto.io/Statement/v1) that names
 * the adapter, its version and base, and each file's sha-256, the manifest's among them.
 *
 * @param type {@link #TYPE}
 * @param subject the files
 * @param predicateType {@link #PREDICATE}
 * @param predicate which adapter they are
 */
record AdapterStatement(
    @JsonProperty("_type") String type,
    List<Subject> subject,
    String predicateType,
    Predicate predicate) {

  static final String PAYLOAD_TYPE = "application/vnd.in-toto+json";
  static final String TYPE = "https://in-toto.io/Statement/v1";
  static final String PREDICATE = "urn:weir:adapter:v1";

  private static final String SHA256 = "sha256";

  /** A file and its digests by algorithm. */
  record Subject(String name, Map<String, String> digest) {}

  /** Which adapter, for which base. */
  record Predicate(String adapter, int version, String baseModel, String baseDigest) {}

  /** What is to be said of an artifact whose manifest has that digest. */
  static AdapterStatement of(Manifest manifest, String manifestDigest) {
    List<Subject> subjects = new ArrayList<>();
    subjects.add(new Subject(Manifest.FILE, Map.of(SHA256, manifestDigest)));
    manifest
        .files()
        .forEach((name, file) -> subjects.add(new Subject(name, Map.of(SHA256, file.sha256()))));
    return new AdapterStatement(
        TYPE,
        subjects,
        PREDICATE,
        new Predicate(
            manifest.adapter(), manifest.version(), manifest.baseModel(), manifest.baseDigest()));
  }

  /** How this differs from what should have been said, or empty when it does not. */
  Optional<String> difference(AdapterId id, AdapterStatement expected) {
    if (!TYPE.equals(type)
        || !PREDICATE.equals(predicateType)
        || predicate == null
        || predicate.adapter() == null) {
      return Optional.of("it is a %s of %s, not of an adapter".formatted(type, predicateType));
    }
    AdapterId named = new AdapterId(predicate.adapter(), predicate.version());
    if (!named.equals(id)) {
      return Optional.of("it is about %s".formatted(named));
    }
    if (!predicate.equals(expected.predicate())) {
      return Optional.of(
          "it is about base %s (%s), the manifest about %s (%s)"
              .formatted(
                  predicate.baseModel(),
                  predicate.baseDigest(),
                  expected.predicate().baseModel(),
                  expected.predicate().baseDigest()));
    }
    if (!expected.subject().equals(subject)) {
      return Optional.of("it lists other files or digests than the artifact has");
    }
    return Optional.empty();
  }
}
