package dev.weir.contract.release;

import dev.weir.contract.event.Limits;
import dev.weir.contract.event.OwnRecords;
import dev.weir.contract.event.Parsed;
import dev.weir.contract.event.Parsed.Accepted;
import dev.weir.contract.event.Parsed.Reason;
import dev.weir.contract.event.Parsed.Rejected;
import dev.weir.contract.event.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One record of the {@code adapters} topic: a release under {@code adapter@version}, the champion
 * under the adapter's name, or an operator's plan under {@code adapter#plan}.
 */
public sealed interface AdapterRecord {

  /** No adapter's name has this sign in it, and what follows it is nobody's version. */
  String PLAN = "#plan";

  /** Most versions or forms that one record names: ten times what is ever written. */
  int NAMES = 500;

  /** A training's outcome. */
  record Released(Release release) implements AdapterRecord {}

  /** The version that serves. */
  record Crowned(Champion champion) implements AdapterRecord {}

  /** How an operator wants an adapter to be served. Readers that know no plans skip it. */
  record Planned(ServingPlan plan) implements AdapterRecord {}

  /**
   * Reads a record, and says of one that is not usable why: a stranger's record on this topic must
   * not stop a replica, and what it says must be right, for names and digests become paths. Never
   * throws. A tombstone is {@link Reason#NULL_VALUE}.
   */
  static Parsed<AdapterRecord> parse(byte @Nullable [] key, byte @Nullable [] value) {
    String name = Utf8.read(key).orElse(null);
    if (name == null) {
      return new Rejected<>(Reason.KEY_MISMATCH, "the record's key is not text in UTF-8");
    }
    if (name.endsWith(PLAN)) {
      return as(OwnRecords.read(value, ServingPlan.class, plan -> check(key, plan)), Planned::new);
    }
    if (name.indexOf('@') >= 0) {
      return as(
          OwnRecords.read(value, Release.class, release -> check(key, release)), Released::new);
    }
    return as(
        OwnRecords.read(value, Champion.class, champion -> check(key, champion)), Crowned::new);
  }

  /** The same for those to whom the reason does not matter; empty for tombstones too. */
  static Optional<AdapterRecord> read(byte @Nullable [] key, byte @Nullable [] value) {
    return parse(key, value).accepted();
  }

  private static <T> Parsed<AdapterRecord> as(
      Parsed<T> parsed, Function<T, ? extends AdapterRecord> record) {
    if (parsed instanceof Rejected<T> bad) {
      return bad.as();
    }
    return new Accepted<>(record.apply(((Accepted<T>) parsed).event()));
  }

  private static void check(byte @Nullable [] key, Release release) {
    OwnRecords.requireAdapter(release.adapter());
    OwnRecords.requireVersion(release.version());
    OwnRecords.requireVersion(release.heldBy());
    OwnRecords.requireDigest(release.digest());
    if (release.state() == Release.State.PROMOTED && release.digest() == null) {
      throw new IllegalArgumentException("it is promoted and has no digest");
    }
    OwnRecords.requireLabels(release.labels());
    OwnRecords.requireName("batchId", release.batchId());
    OwnRecords.requireVersion(release.decision().championVersion());
    OwnRecords.requireAtMost("precisions", NAMES, release.precisions());
    OwnRecords.requireKey(key, release.id().toString());
  }

  private static void check(byte @Nullable [] key, Champion champion) {
    OwnRecords.requireAdapter(champion.adapter());
    OwnRecords.requireVersion(champion.version());
    OwnRecords.requireDigest(champion.digest());
    List<Integer> before = champion.servedBefore();
    if (before != null) {
      OwnRecords.requireAtMost("servedBefore", NAMES, before);
      before.forEach(OwnRecords::requireVersion);
    }
    OwnRecords.requireKey(key, champion.adapter());
  }

  private static void check(byte @Nullable [] key, ServingPlan plan) {
    OwnRecords.requireAdapter(plan.adapter());
    ServingPlan.Pin pinned = plan.pinned();
    if (pinned != null) {
      OwnRecords.requireDigest(pinned.digest());
      OwnRecords.requireVersion(pinned.rolledBackFrom());
    }
    if (plan.canary() != null) {
      OwnRecords.requireDigest(plan.canary().digest());
    }
    if (plan.shadow() != null) {
      OwnRecords.requireDigest(plan.shadow().digest());
    }
    OwnRecords.requireKey(key, plan.adapter() + PLAN);
  }

  /** The key of a release. */
  static byte[] key(Release release) {
    return release.id().toString().getBytes(StandardCharsets.UTF_8);
  }

  /** The key of a champion. */
  static byte[] key(Champion champion) {
    return champion.adapter().getBytes(StandardCharsets.UTF_8);
  }

  /** The key of a plan. */
  static byte[] key(ServingPlan plan) {
    return (plan.adapter() + PLAN).getBytes(StandardCharsets.UTF_8);
  }

  /** The adapter whose plan stands under a key; empty for the keys of other records. */
  static Optional<String> plannedAdapter(byte @Nullable [] key) {
    return Utf8.read(key)
        .filter(name -> name.endsWith(PLAN))
        .map(name -> name.substring(0, name.length() - PLAN.length()))
        .filter(name -> Limits.ADAPTER_NAME.matcher(name).matches());
  }
}
