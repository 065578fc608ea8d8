package dev.weir.model.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON header of a safetensors file: which tensor is where.
 *
 * <p>Read as a stream and only in the shape that the format allows, so that a header made to
 * exhaust memory (deep nesting, millions of empty arrays) is refused at its first odd token, and an
 * accepted one takes no more than a small multiple of its bytes.
 */
final class SafetensorsHeader {

  private static final int MAX_DIMENSIONS = 8;
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private SafetensorsHeader() {}

  /** Says what is wrong with a header, without the file's name. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String what) {
      super(what);
    }
  }

  /** The types that are read; integers and truth values are {@link #OTHER} and passed over. */
  enum Type {
    F32(4),
    F16(2),
    BF16(2),
    OTHER(0);

    final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    /** Passing over other floating-point numbers would silently make another model. */
    static Type parse(String tensor, String name) throws Malformed {
      return switch (name) {
        case "F32" -> F32;
        case "F16" -> F16;
        case "BF16" -> BF16;
        case "BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64" -> OTHER;
        default ->
            throw new Malformed(
                "tensor %s is of type %s; F32, F16 and BF16 are read, convert it"
                    .formatted(tensor, shortened(name)));
      };
    }
  }

  /** A tensor's place: bytes {@code begin} to {@code end} after the header. */
  @SuppressWarnings("ArrayRecordComponent") // lives for one read
  record Entry(String name, Type type, long[] shape, long begin, long end) {}

  /**
   * The tensors in the order of their bytes, which follow each other without a gap.
   *
   * @param dataBytes what the file has after its header
   */
  static List<Entry> parse(byte[] header, long dataBytes) throws Malformed {
    List<Entry> entries = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(header)) {
      require(parser.nextToken() == JsonToken.START_OBJECT, "its header is not a JSON object");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (name.equals("__metadata__")) {
          skipMetadata(parser);
        } else {
          entries.add(entry(parser, name));
        }
      }
      require(parser.nextToken() == null, "its header goes on after the JSON object");
    } catch (IOException e) {
      throw new Malformed("its header is not JSON (" + e.getMessage() + ")");
    }
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    requireGapless(entries, dataBytes);
    return entries;
  }

  private static void requireGapless(List<Entry> entries, long dataBytes) throws Malformed {
    long expected = 0;
    for (Entry entry : entries) {
      if (entry.begin != expected || entry.end > dataBytes) {
        throw new Malformed(
            "tensor %s claims bytes %d to %d; %d are next and there are %d"
                .formatted(entry.name, entry.begin, entry.end, expected, dataBytes));
      }
      expected = entry.end;
    }
    if (expected != dataBytes) {
      throw new Malformed("its header describes %d of %d bytes".formatted(expected, dataBytes));
    }
  }

  private static void skipMetadata(JsonParser parser) throws IOException, Malformed {
    require(parser.nextToken() == JsonToken.START_OBJECT, "its __metadata__ is no object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      require(
          parser.nextToken() == JsonToken.VALUE_STRING,
          "its __metadata__ has something else than strings");
    }
  }

  private static Entry entry(JsonParser parser, String name) throws IOException, Malformed {
    require(
        parser.nextToken() == JsonToken.START_OBJECT,
        "tensor " + name + " is not described by an object");
    String dtype = null;
    long[] shape = null;
    long[] offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (key) {
        case "dtype" -> {
          require(
              value == JsonToken.VALUE_STRING, "tensor " + name + " has a dtype that is no text");
          dtype = parser.getText();
        }
        case "shape" -> shape = sizes(parser, name);
        case "data_offsets" -> offsets = sizes(parser, name);
        default ->
            require(
                value.isScalarValue(),
                "tensor %s has a %s that the format does not know".formatted(name, key));
      }
    }
    return entry(name, dtype, shape, offsets);
  }

  private static Entry entry(
      String name, @Nullable String dtype, long @Nullable [] shape, long @Nullable [] offsets)
      throws Malformed {
    if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
      throw new Malformed("tensor " + name + " lacks dtype, shape or data_offsets");
    }
    long size = 1;
    for (long dimension : shape) {
      require(
          dimension == 0 || size <= Integer.MAX_VALUE / dimension,
          "tensor " + name + " has more values than an array can hold");
      size *= dimension;
    }
    Type type = Type.parse(name, dtype);
    long begin = offsets[0];
    long end = offsets[1];
    require(
        end >= begin && (type == Type.OTHER || end - begin == size * type.bytes),
        "tensor %s of shape %s and type %s claims bytes %d to %d"
            .formatted(name, Arrays.toString(shape), dtype, begin, end));
    return new Entry(name, type, shape, begin, end);
  }

  private static long[] sizes(JsonParser parser, String name) throws IOException, Malformed {
    require(
        parser.currentToken() == JsonToken.START_ARRAY,
        "tensor " + name + " has no array where sizes belong");
    long[] sizes = new long[MAX_DIMENSIONS];
    int count = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      require(
          count < MAX_DIMENSIONS,
          "tensor %s has more than %d sizes in a row".formatted(name, MAX_DIMENSIONS));
      require(
          parser.currentToken() == JsonToken.VALUE_NUMBER_INT
              && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER
              && parser.getLongValue() >= 0,
          "tensor " + name + " has something else where a size belongs");
      sizes[count++] = parser.getLongValue();
    }
    return Arrays.copyOf(sizes, count);
  }

  private static String shortened(String word) {
    return word.length() > 20 ? word.substring(0, 20) + "…" : word;
  }

  private static void require(boolean holds, String what) throws Malformed {
    if (!holds) {
      throw new Malformed(what);
    }
  }
}
