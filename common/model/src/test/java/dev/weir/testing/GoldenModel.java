package dev.weir.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A tiny base with adapters that PEFT trained, and what the reference implementations answer to
 * some texts: golden vectors that {@code benchmarks/peers/golden.py} writes.
 *
 * <p>Kinds: {@code distilbert}, {@code roberta} and {@code bert} with their own classification
 * heads, {@code bert-cls} and {@code bert-mean} with a linear head on the pooled vector.
 */
public final class GoldenModel {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ROOT = "golden/";

  private final String kind;
  private final JsonNode expected;

  private GoldenModel(String kind) {
    this.kind = kind;
    this.expected = json(kind + ".json");
  }

  /** All models. */
  public static Stream<GoldenModel> all() {
    return Stream.of("distilbert", "roberta", "bert", "bert-cls", "bert-mean")
        .map(GoldenModel::new);
  }

  /** All models, each with all of its adapters. */
  public static Stream<Case> cases() {
    return all().flatMap(model -> model.variants().stream().map(name -> new Case(model, name)));
  }

  /** What the tokenizers of the built-in models answer: texts, limit, and token ids by model. */
  public static JsonNode builtInTokens() {
    return json("built-in.json");
  }

  /** One adapter of one model. */
  public record Case(GoldenModel model, String variant) {
    @Override
    public String toString() {
      return model + " " + variant;
    }
  }

  /** Writes the base as a Hugging Face directory. */
  public Path writeBase(Path directory) {
    int dash = kind.indexOf('-');
    String family = dash < 0 ? kind : kind.substring(0, dash);
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      copy(family + "/" + file, directory.resolve(file));
    }
    if (dash >= 0) {
      boolean mean = kind.endsWith("-mean");
      String pooling =
          "{\"pooling_mode_cls_token\":%s,\"pooling_mode_mean_tokens\":%s}".formatted(!mean, mean);
      write(
          directory.resolve("1_Pooling").resolve("config.json"),
          pooling.getBytes(StandardCharsets.UTF_8));
    }
    return directory;
  }

  /** Writes an adapter's files as PEFT wrote them. */
  public Path writeAdapter(String variant, Path directory) {
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      copy(kind + "/" + variant + "/" + file, directory.resolve(file));
    }
    if (kind.indexOf('-') >= 0) {
      // Its Python model was a linear layer on the pooled vector, which PEFT has no word for.
      write(
          directory.resolve("weir_adapter.json"),
          "{\"head\":\"linear\"}".getBytes(StandardCharsets.UTF_8));
    }
    return directory;
  }

  /** The names of the adapters. */
  public List<String> variants() {
    List<String> names = new ArrayList<>();
    expected.path("logits").fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** The texts, among them an empty one and ones of rare characters. */
  public List<String> texts() {
    return JSON.convertValue(
        json("texts.json"),
        JSON.getTypeFactory().constructCollectionType(List.class, String.class));
  }

  /** The limit of {@link #tokens}; of longer texts the head and the tail. */
  public int maxTokens() {
    return expected.path("maxTokens").asInt();
  }

  /** Per text its token ids. */
  public int[][] tokens() {
    return JSON.convertValue(expected.path("tokens"), int[][].class);
  }

  /** Per text the logits that transformers answers with an adapter. */
  public float[][] logits(String variant) {
    return JSON.convertValue(expected.path("logits").path(variant), float[][].class);
  }

  /** PEFT's line for rank 2 on query and value. */
  public String parameters() {
    return expected.path("parameters").asText();
  }

  @Override
  public String toString() {
    return kind;
  }

  private static void copy(String resource, Path file) {
    write(file, bytes(resource));
  }

  private static void write(Path file, byte[] bytes) {
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode json(String resource) {
    try {
      return JSON.readTree(bytes(resource));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] bytes(String resource) {
    try (InputStream in = GoldenModel.class.getResourceAsStream(ROOT + resource)) {
      if (in == null) {
        throw new IllegalArgumentException("no resource " + ROOT + resource);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
