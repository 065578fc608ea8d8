package dev.weir.trainer.serving;

import dev.weir.model.base.BaseModel;
import dev.weir.model.graph.SlotLayout;
import dev.weir.model.session.EncoderOutput;
import dev.weir.model.session.SlotEncoder;
import dev.weir.model.spec.HeadKind;
import dev.weir.model.spec.LinearModule;
import dev.weir.model.spec.Precision;
import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.LoraConfig;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The serving code's encoder as the trainer uses it: one adapter at a time, many texts, sorted by
 * length into batches.
 *
 * <p>Opens its session at the first use and again when an adapter does not fit its layout. Used by
 * one thread at a time; whoever made it closes it, and may go on using it after that.
 */
public final class ServingEncoder implements AutoCloseable {

  /** Short batches of like lengths: padding costs more than it saves on a CPU. */
  private static final int BATCH_TOKENS = 512;

  /** Vectors of 384 numbers: 16 MiB. */
  private static final int REMEMBERED = 10_000;

  private final BaseModel base;
  private final LoraConfig expected;
  private final int threads;
  private final Precision precision;
  private final EncodedCache vectors = new EncodedCache(REMEMBERED);
  private final EncodedCache logits = new EncodedCache(REMEMBERED);
  private Checkpoint checkpoint = Checkpoint.NONE;
  private @Nullable SlotEncoder encoder;

  /** An encoder over {@code base}, with so many threads for one operation. */
  public ServingEncoder(BaseModel base, int threads) {
    this(base, threads, Precision.FP32);
  }

  /** An encoder that computes in {@code precision}. */
  public ServingEncoder(BaseModel base, int threads, Precision precision) {
    this(base, threads, precision, LoraConfig.NONE);
  }

  /** An encoder with room for an adapter that will come: that saves a second session. */
  public ServingEncoder(BaseModel base, int threads, Precision precision, LoraConfig expected) {
    this.base = base;
    this.threads = threads;
    this.precision = precision;
    this.expected = expected;
  }

  /** What to do after each batch of texts, from now on. */
  public void checkpoint(Checkpoint wanted) {
    checkpoint = wanted;
  }

  /** What is done after each batch of texts. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** The base that it runs. */
  public BaseModel base() {
    return base;
  }

  /** The arithmetic of its linear layers. */
  public Precision precision() {
    return precision;
  }

  /**
   * The text vectors of some texts, in order; they depend on LoRA alone. Texts that were encoded
   * before are not encoded again.
   */
  public float[][] vectors(AdapterWeights weights, List<int[]> tokens) {
    return encoded(weights, tokens).pooled();
  }

  /**
   * The logits of some texts, in order, for the adapter's own labels. Texts that were encoded
   * before, with the same LoRA under whatever head, are not encoded again: a head refresh is judged
   * in the time that its head takes.
   */
  public float[][] logits(AdapterWeights weights, List<int[]> tokens) {
    EncoderOutput encoded = encoded(weights, tokens);
    HeadKind kind = base.config().head();
    float[][] answers = encoded.logits();
    for (int i = 0; i < answers.length; i++) {
      if (answers[i] == null) {
        answers[i] = HeadArithmetic.logits(kind, weights, encoded.pooled()[i]);
      }
    }
    return answers;
  }

  /** Vectors of all texts, and the logits of those that this adapter itself has answered. */
  private EncoderOutput encoded(AdapterWeights weights, List<int[]> tokens) {
    String body = EncodedCache.bodyDigest(weights);
    String adapter = EncodedCache.digest(weights);
    float[][] pooled = new float[tokens.size()][];
    float[][] answers = new float[tokens.size()][];
    List<Integer> missing = new ArrayList<>();
    for (int i = 0; i < pooled.length; i++) {
      pooled[i] = vectors.get(key(body, tokens.get(i)));
      answers[i] = logits.get(key(adapter, tokens.get(i)));
      if (pooled[i] == null) {
        missing.add(i);
      }
    }
    if (!missing.isEmpty()) {
      EncoderOutput fresh = run(weights, missing.stream().map(tokens::get).toList());
      for (int i = 0; i < missing.size(); i++) {
        int at = missing.get(i);
        pooled[at] = fresh.pooled()[i];
        answers[at] = fresh.logits()[i];
        vectors.put(key(body, tokens.get(at)), pooled[at]);
        logits.put(key(adapter, tokens.get(at)), answers[at]);
      }
    }
    return new EncoderOutput(answers, pooled);
  }

  private static EncodedCache.Key key(String adapter, int[] text) {
    return new EncodedCache.Key(adapter, new EncodedCache.Tokens(text));
  }

  /** Logits (the adapter's own labels only) and text vectors of some texts, in order. */
  private EncoderOutput run(AdapterWeights weights, List<int[]> tokens) {
    SlotEncoder open = fitting(weights);
    open.write(0, weights);
    int labels = weights.labels().size();
    float[][] logits = new float[tokens.size()][];
    float[][] pooled = new float[tokens.size()][];
    List<Integer> order = new ArrayList<>(IntStream.range(0, tokens.size()).boxed().toList());
    order.sort(Comparator.comparingInt(row -> tokens.get(row).length));
    int from = 0;
    while (from < order.size()) {
      int to = from + 1;
      while (to < order.size()
          && tokens.get(order.get(to)).length * (to + 1 - from) <= BATCH_TOKENS) {
        to++;
      }
      List<Integer> rows = order.subList(from, to);
      EncoderOutput output =
          open.run(rows.stream().map(tokens::get).toArray(int[][]::new), new int[rows.size()]);
      for (int i = 0; i < rows.size(); i++) {
        logits[rows.get(i)] = java.util.Arrays.copyOf(output.logits()[i], labels);
        pooled[rows.get(i)] = output.pooled()[i];
      }
      from = to;
      checkpoint.reached();
    }
    return new EncoderOutput(logits, pooled);
  }

  private SlotEncoder fitting(AdapterWeights weights) {
    SlotEncoder open = encoder;
    if (open != null) {
      SlotLayout layout = open.layout();
      if (weights.lora().maxRank() <= layout.rank()
          && (layout.dora() || !weights.lora().useDora())
          && weights.labels().size() <= layout.labels()
          && layout.targets().containsAll(weights.lora().targets())) {
        return open;
      }
    }
    int rank = Math.max(expected.maxRank(), weights.lora().maxRank());
    boolean dora = expected.useDora() || weights.lora().useDora();
    int labels = weights.labels().size();
    Set<LinearModule> targets = EnumSet.noneOf(LinearModule.class);
    targets.addAll(expected.targets());
    targets.addAll(weights.lora().targets());
    if (open != null) {
      rank = Math.max(rank, open.layout().rank());
      dora |= open.layout().dora();
      labels = Math.max(labels, open.layout().labels());
      targets.addAll(open.layout().targets());
    }
    close();
    SlotLayout layout = new SlotLayout(1, rank, labels, targets, dora);
    open = SlotEncoder.open(base, layout, precision, threads);
    encoder = open;
    return open;
  }

  @Override
  public void close() {
    if (encoder != null) {
      encoder.close();
      encoder = null;
    }
  }
}
