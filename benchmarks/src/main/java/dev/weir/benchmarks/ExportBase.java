package dev.weir.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.model.base.BaseModel;
import dev.weir.model.safetensors.Safetensors;
import dev.weir.model.spec.ModelConfig;
import dev.weir.model.spec.Pooling;
import dev.weir.model.spec.Tensor;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a built-in base model as a Hugging Face directory, so that other programs can run the same
 * weights without the hub.
 *
 * <p>Arguments: the built-in name, the directory. Beside {@code config.json}, {@code
 * model.safetensors}, {@code tokenizer.json} and {@code 1_Pooling/config.json} it writes {@code
 * source.onnx}, the file that the weights come from: running it checks the export itself.
 */
public final class ExportBase {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ExportBase() {}

  public static void main(String[] args) throws IOException {
    if (args.length != 2 || !BaseModel.builtIn().contains(args[0])) {
      throw new IllegalArgumentException(
          "usage: ExportBase NAME DIR, with a NAME of " + BaseModel.builtIn());
    }
    Path directory = Files.createDirectories(Path.of(args[1]));
    try (BaseModel base = BaseModel.load(args[0])) {
      Map<String, Tensor> weights = new TreeMap<>();
      base.weightNames().forEach(name -> weights.put(name, base.weight(name)));
      Safetensors.write(directory.resolve("model.safetensors"), weights, Map.of("format", "pt"));
      write(directory.resolve("config.json"), config(base.config()));
      ObjectNode pooling =
          JSON.createObjectNode()
              .put("word_embedding_dimension", base.config().hiddenSize())
              .put("pooling_mode_cls_token", base.config().pooling() == Pooling.CLS)
              .put("pooling_mode_mean_tokens", base.config().pooling() == Pooling.MEAN);
      write(
          Files.createDirectories(directory.resolve("1_Pooling")).resolve("config.json"), pooling);
      copy(base.name() + "-tokenizer.json", directory.resolve("tokenizer.json"));
      copy(base.name() + ".onnx", directory.resolve("source.onnx"));
    }
  }

  private static ObjectNode config(ModelConfig config) {
    ObjectNode json =
        JSON.createObjectNode()
            .put("model_type", "bert")
            .put("hidden_act", "gelu")
            .put("hidden_size", config.hiddenSize())
            .put("num_hidden_layers", config.layers())
            .put("num_attention_heads", config.attentionHeads())
            .put("intermediate_size", config.intermediateSize())
            .put("vocab_size", config.vocabSize())
            .put("max_position_embeddings", config.maxPositions())
            .put("type_vocab_size", 2)
            .put("pad_token_id", config.padTokenId())
            .put("layer_norm_eps", config.layerNormEps());
    json.putArray("architectures").add("BertModel");
    return json;
  }

  private static void write(Path file, ObjectNode json) throws IOException {
    Files.write(file, JSON.writeValueAsBytes(json));
  }

  /** The built-in models' files are resources of the jars on the class path. */
  private static void copy(String resource, Path file) throws IOException {
    try (InputStream in = BaseModel.class.getResourceAsStream("/" + resource)) {
      if (in == null) {
        throw new FileNotFoundException(resource + " is not on the class path");
      }
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
