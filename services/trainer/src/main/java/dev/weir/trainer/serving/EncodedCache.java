package dev.weir.trainer.serving;

import dev.weir.model.weights.AdapterWeights;
import dev.weir.model.weights.DenseLayer;
import dev.weir.model.weights.LoraPair;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What an encoder has answered already, least recently used answers forgotten first: the same
 * adapter gives the same text the same answer, and a champion meets the same holdout rows batch
 * after batch.
 *
 * <p>For one thread.
 */
final class EncodedCache {

  private final Map<Key, float[]> answers;

  /**
   * One answer's question.
   *
   * @param adapter digest of what the answer depends on
   * @param tokens the text
   */
  record Key(String adapter, Tokens tokens) {}

  /** Token ids, compared by value. */
  static final class Tokens {
    private final int[] ids;

    Tokens(int[] ids) {
      this.ids = ids;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Tokens tokens && Arrays.equals(ids, tokens.ids);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(ids);
    }
  }

  EncodedCache(int capacity) {
    this.answers =
        new LinkedHashMap<>(64, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Key, float[]> eldest) {
            return size() > capacity;
          }
        };
  }

  float @Nullable [] get(Key key) {
    return answers.get(key);
  }

  void put(Key key, float[] answer) {
    answers.put(key, answer);
  }

  /** What text vectors depend on: each adapted module's scaling, matrices and magnitudes. */
  static String bodyDigest(AdapterWeights weights) {
    MessageDigest sha = sha256();
    new TreeMap<>(weights.pairs())
        .forEach(
            (path, pair) -> {
              sha.update(path.getBytes(StandardCharsets.UTF_8));
              double scaling = weights.lora().scaling(path);
              sha.update(ByteBuffer.allocate(8).putDouble(scaling).array());
              update(sha, pair);
            });
    return HexFormat.of().formatHex(sha.digest());
  }

  /** What logits depend on: LoRA and head. */
  static String digest(AdapterWeights weights) {
    MessageDigest sha = sha256();
    sha.update(bodyDigest(weights).getBytes(StandardCharsets.UTF_8));
    DenseLayer dense = weights.dense();
    if (dense != null) {
      update(sha, dense.weight());
      update(sha, dense.bias());
    }
    update(sha, weights.headWeight());
    update(sha, weights.headBias());
    return HexFormat.of().formatHex(sha.digest());
  }

  private static void update(MessageDigest sha, LoraPair pair) {
    update(sha, pair.a());
    update(sha, pair.b());
    float[] magnitude = pair.magnitude();
    sha.update((byte) (magnitude == null ? 0 : 1));
    if (magnitude != null) {
      update(sha, magnitude);
    }
  }

  private static void update(MessageDigest sha, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
    bytes.asFloatBuffer().put(values);
    sha.update(bytes);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
