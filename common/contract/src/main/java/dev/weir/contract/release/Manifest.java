package dev.weir.contract.release;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.text.TokenLimit;
import dev.weir.contract.text.Truncation;
import dev.weir.contract.topic.Installation;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What an adapter artifact holds and where it came from: its {@code manifest.json}. The sha-256 of
 * that file is the adapter's digest.
 *
 * <p>It carries no time and no duration, so that the same inputs and seed give the same digest.
 *
 * @param format version of this form, 1
 * @param adapter the adapter
 * @param version its version
 * @param method how it was made
 * @param baseModel name of the base model
 * @param baseDigest sha-256 (hex) of the base model's weight file
 * @param labels canonical labels in the order of the head's rows
 * @param maxTokens longest input it was trained for, special tokens included
 * @param truncation what is cut off longer inputs; absent in older manifests: {@link
 *     Truncation#HEAD_TAIL}
 * @param temperature what its logits are divided by before the softmax (temperature scaling, Guo et
 *     al., ICML 2017); absent in older manifests: 1. It changes probabilities and never labels
 * @param files each file but this one, by name
 * @param metrics figures on the holdout, by name
 * @param precisions the precisions that it may be served in, by the names that the module model
 *     gives them; empty when none was judged
 * @param lineage where it came from
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Manifest(
    int format,
    String adapter,
    int version,
    Method method,
    String baseModel,
    String baseDigest,
    List<String> labels,
    int maxTokens,
    Truncation truncation,
    Double temperature,
    SortedMap<String, FileEntry> files,
    SortedMap<String, Double> metrics,
    List<String> precisions,
    Lineage lineage) {

  /** The file's name inside an artifact. */
  public static final String FILE = "manifest.json";

  /** The name of its signature, where the artifact is signed: a DSSE envelope. */
  public static final String SIGNATURE = "manifest.dsse.json";

  /** The form written today. */
  public static final int FORMAT = 1;

  /**
   * Sorts the maps: the file's bytes are its digest.
   *
   * @throws IllegalArgumentException if the temperature is not a positive number
   */
  public Manifest {
    truncation = Objects.requireNonNullElse(truncation, Truncation.HEAD_TAIL);
    temperature = Objects.requireNonNullElse(temperature, 1.0);
    if (!(temperature > 0) || temperature.isInfinite()) {
      throw new IllegalArgumentException(
          "the temperature of %s@%d is %s, it must be a positive number; publish a new version"
              .formatted(adapter, version, temperature));
    }
    labels = List.copyOf(labels);
    files = new TreeMap<>(files);
    metrics = new TreeMap<>(metrics);
    precisions = precisions == null ? List.of() : List.copyOf(precisions); // absent in earlier ones
  }

  /**
   * One file.
   *
   * @param sha256 hex
   * @param bytes its length
   */
  public record FileEntry(String sha256, long bytes) {}

  /**
   * Where an adapter came from.
   *
   * @param parentVersion the version it was warm-started from, or {@code null}
   * @param parentDigest that version's digest, or {@code null}
   * @param batchId the batch that set off the training, or {@code null} outside the loop
   * @param input feedback records of that batch
   * @param trainExamples examples learned from, replay included
   * @param replayExamples of these, examples of earlier batches
   * @param holdoutExamples holdout rows at that time
   * @param trainLabels examples learned from, by label
   * @param examples how far the topic of examples had been read when they were gathered; empty
   *     outside the loop
   * @param settings the training's settings
   * @param seed the seed of all its randomness
   * @param codeVersion Weir's version
   * @param owner the installation that made it, or {@code null} outside the loop and in manifests
   *     of earlier versions
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Lineage(
      @Nullable Integer parentVersion,
      @Nullable String parentDigest,
      @Nullable String batchId,
      List<TrainingBatch.InputRange> input,
      int trainExamples,
      int replayExamples,
      int holdoutExamples,
      Map<String, Integer> trainLabels,
      List<ReadUpTo> examples,
      Map<String, String> settings,
      long seed,
      String codeVersion,
      @Nullable Installation owner) {

    /** A lineage that does not say whose installation it was. */
    public Lineage(
        @Nullable Integer parentVersion,
        @Nullable String parentDigest,
        @Nullable String batchId,
        List<TrainingBatch.InputRange> input,
        int trainExamples,
        int replayExamples,
        int holdoutExamples,
        Map<String, Integer> trainLabels,
        List<ReadUpTo> examples,
        Map<String, String> settings,
        long seed,
        String codeVersion) {
      this(
          parentVersion,
          parentDigest,
          batchId,
          input,
          trainExamples,
          replayExamples,
          holdoutExamples,
          trainLabels,
          examples,
          settings,
          seed,
          codeVersion,
          null);
    }

    /** Sorts the maps and copies the lists; those of earlier versions lack some. */
    public Lineage {
      input = List.copyOf(input);
      trainLabels = trainLabels == null ? Map.of() : new TreeMap<>(trainLabels);
      examples = examples == null ? List.of() : List.copyOf(examples);
      settings = new TreeMap<>(settings);
    }
  }

  /**
   * How its inputs are cut.
   *
   * @throws IllegalArgumentException if {@code maxTokens} is below 2
   */
  public TokenLimit limit() {
    return new TokenLimit(maxTokens, truncation);
  }

  /**
   * How far a partition had been read.
   *
   * @param topic the topic's full name
   * @param partition the partition
   * @param endOffset the offset behind the last record read
   */
  public record ReadUpTo(String topic, int partition, long endOffset) {}

  /** Which version this is. */
  public AdapterId id() {
    return new AdapterId(adapter, version);
  }
}
