package dev.weir.contract.event;

import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The JSON form of all events: UTF-8, ISO-8601 times, lower-case enum names, unknown fields
 * ignored.
 *
 * <p>What it writes is always UTF-8: a lone surrogate becomes U+FFFD ({@link Surrogates}). Times
 * are read by the rule of {@link EventTimes}. What one document may cost to read is bounded by
 * {@link #BOUNDS}, on Kafka and over HTTP alike. Thread-safe.
 */
public final class EventJson {

  /**
   * What one document may hold. A record has 4 MiB at most and a request 8 MiB, so these bounds are
   * for what is small and costs much: a tree has an object of some 50 bytes per token.
   */
  static final StreamReadConstraints BOUNDS =
      StreamReadConstraints.builder()
          .maxDocumentLength(16L << 20)
          .maxStringLength(8 << 20)
          .maxNameLength(1_000)
          .maxNumberLength(400)
          .maxNestingDepth(100)
          .maxTokenCount(500_000)
          .build();

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(
              new JsonFactoryBuilder()
                  .streamReadConstraints(BOUNDS)
                  .addDecorator((factory, generator) -> new SurrogateSafeGenerator(generator))
                  .build())
          .addModule(new JavaTimeModule())
          .addModule(new LowerCaseEnums())
          .addModule(new SimpleModule().addDeserializer(Instant.class, new EventTimeReader()))
          // A decimal of a foreign tree is a double, 1e999999999 an infinite one: as BigDecimal it
          // would throw in the parser, or be written out by the first intValue().
          .disable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private EventJson() {}

  /** The mapper itself, for trees and for HTTP bodies of the same form. Do not reconfigure it. */
  public static ObjectMapper mapper() {
    return MAPPER;
  }

  /** Writes an event. */
  public static byte[] write(Object event) {
    try {
      return MAPPER.writeValueAsBytes(event);
    } catch (JsonProcessingException e) {
      // Events are records of plain values: only a defect gets here.
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads an event that Weir itself wrote. What comes back is whole: neither it nor any part of it
   * that is not declared {@code @Nullable} is {@code null}, at any depth.
   *
   * @throws UncheckedIOException if the bytes are not such an event, the JSON text {@code null}
   *     included; no other exception, whatever the bytes are
   */
  public static <T> T read(byte[] json, Class<T> type) {
    T event;
    try {
      event = MAPPER.readValue(json, type);
    } catch (IOException e) {
      throw new UncheckedIOException("not a " + type.getSimpleName() + ": " + e.getMessage(), e);
    } catch (RuntimeException e) {
      // Jackson wraps what it expects; an exception of a number's or a text's own gets through.
      throw notA(type, e.toString(), e);
    }
    if (event == null) {
      throw notA(type, "the JSON text null", null);
    }
    // Not maps and trees, in which null may mean something.
    Optional<String> missing =
        event instanceof Record ? RecordParts.missing(event) : Optional.empty();
    if (missing.isPresent()) {
      throw notA(type, "its field '" + missing.get() + "' is missing", null);
    }
    return event;
  }

  private static UncheckedIOException notA(
      Class<?> type, String problem, @Nullable RuntimeException cause) {
    String message = "not a " + type.getSimpleName() + ": " + problem;
    return new UncheckedIOException(message, new IOException(message, cause));
  }
}
