package dev.weir.inference.score;

import dev.weir.common.adapter.AdapterId;
import dev.weir.inference.adapter.AdapterRegistry;
import dev.weir.inference.adapter.Lease;
import dev.weir.inference.adapter.ServingAdapter;
import dev.weir.inference.adapter.ServingState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one micro-batch under one lease and answers its rows.
 *
 * <p>Each answer carries the version whose slot the lease covers, so a swap during the run changes
 * nothing about it. When a run fails, its rows are run one by one: only a row that fails alone is
 * given up. Thread-safe; workers share it.
 */
final class BatchScorer {

  private static final Logger LOG = LoggerFactory.getLogger(BatchScorer.class);

  private final AdapterRegistry registry;
  private final VersionRouter router;
  private final Tokenizer tokenizer;
  private final ScoreMeters meters;

  BatchScorer(
      AdapterRegistry registry, VersionRouter router, Tokenizer tokenizer, ScoreMeters meters) {
    this.registry = registry;
    this.router = router;
    this.tokenizer = tokenizer;
    this.meters = meters;
  }

  /** Answers every row, whatever happens short of an {@link Error}. */
  void score(List<Row> batch) {
    List<Answer> answers;
    try {
      answers = run(batch);
    } catch (RuntimeException e) {
      if (batch.size() == 1) {
        LOG.warn("a text of {} tokens could not be scored", batch.get(0).length(), e);
        answers = List.of(new Answer.Failed(e));
      } else {
        LOG.warn("a batch of {} rows failed; running them one by one", batch.size(), e);
        batch.forEach(row -> score(List.of(row)));
        return;
      }
    }
    for (int i = 0; i < batch.size(); i++) {
      batch.get(i).answer(answers.get(i));
    }
  }

  private List<Answer> run(List<Row> batch) {
    List<Answer> answers = new ArrayList<>(batch.size());
    List<Optional<AdapterId>> chosen = new ArrayList<>(batch.size());
    try (Lease lease = registry.lease(state -> choose(batch, state, chosen))) {
      List<int[]> tokens = new ArrayList<>(batch.size());
      List<ServingAdapter> serving = new ArrayList<>(batch.size());
      for (int i = 0; i < batch.size(); i++) {
        Row row = batch.get(i);
        ServingAdapter adapter = chosen.get(i).map(lease::version).orElse(null);
        if (adapter != null) {
          serving.add(adapter);
          tokens.add(tokens(row.query(), adapter));
        }
      }
      float[][] logits = serving.isEmpty() ? new float[0][] : run(lease, tokens, serving);
      int next = 0;
      for (int i = 0; i < batch.size(); i++) {
        // Withdrawn between queueing and running.
        if (chosen.get(i).isEmpty()) {
          answers.add(Abstentions.noRelease(batch.get(i).query().adapter()));
        } else {
          answers.add(answer(serving.get(next), logits[next]));
          next++;
        }
      }
    }
    return answers;
  }

  /** Chooses each row's version from one state; starts over when it is asked again. */
  private Set<AdapterId> choose(
      List<Row> batch, ServingState state, List<Optional<AdapterId>> chosen) {
    chosen.clear();
    Set<AdapterId> all = new HashSet<>();
    for (Row row : batch) {
      Query query = row.query();
      Optional<ServingAdapter> version =
          query.shadow() == null
              ? router.answering(state, query.adapter(), query.reviewId())
              : state.version(query.shadow());
      chosen.add(version.map(ServingAdapter::id));
      version.ifPresent(adapter -> all.add(adapter.id()));
    }
    return all;
  }

  private float[][] run(Lease lease, List<int[]> tokens, List<ServingAdapter> serving) {
    int longest = tokens.stream().mapToInt(row -> row.length).max().orElse(0);
    meters.batch(tokens.size(), longest * tokens.size());
    return lease.run(
        tokens.toArray(int[][]::new), serving.stream().mapToInt(ServingAdapter::slot).toArray());
  }

  /** The queued tokens, unless a version with another token limit has taken over meanwhile. */
  private int[] tokens(Query query, ServingAdapter adapter) {
    return adapter.limit().equals(query.limit())
        ? query.tokens()
        : tokenizer.encode(query.text(), adapter.limit());
  }

  private Answer answer(ServingAdapter adapter, float[] logits) {
    return new Answer.Scored(
        adapter.id(),
        adapter.digest(),
        adapter.labels(),
        Softmax.of(logits, adapter.labels().size(), adapter.temperature()),
        router.abstainBelow(adapter.id().adapter()),
        null);
  }
}
