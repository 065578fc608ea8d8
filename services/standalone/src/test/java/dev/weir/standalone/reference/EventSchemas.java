package dev.weir.standalone.reference;

import com.fasterxml.classmate.ResolvedType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.FieldScope;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaGenerationContext;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import dev.weir.contract.event.Classification;
import dev.weir.contract.event.Example;
import dev.weir.contract.event.Feedback;
import dev.weir.contract.event.LabelRequest;
import dev.weir.contract.event.Limits;
import dev.weir.contract.event.Review;
import dev.weir.contract.event.TrainingBatch;
import dev.weir.contract.event.TrainingEvent;
import dev.weir.contract.release.Champion;
import dev.weir.contract.release.Release;
import dev.weir.contract.release.ServingPlan;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * JSON Schemas of the events, made of the records that are written and of their comments.
 *
 * <p>What Weir writes has exactly the record's fields, those that may be null left out. What others
 * write is read more leniently than it is described: numbers for texts, further fields.
 */
final class EventSchemas {

  /** In the order of their topics. */
  static final List<Class<?>> EVENTS =
      List.of(
          Review.class,
          Classification.class,
          Feedback.class,
          Example.class,
          TrainingBatch.class,
          Release.class,
          Champion.class,
          ServingPlan.class,
          LabelRequest.class,
          TrainingEvent.class);

  /** Read from others: nothing is required but what the reader asks for. */
  private static final Map<Class<?>, List<String>> REQUIRED_OF_OTHERS =
      Map.of(Review.class, List.of("text"), Feedback.class, List.of());

  /** May be missing in records of earlier versions, although today's always have them. */
  private static final Set<String> LATER = Set.of("slices", "precisions", "abstainBelow");

  private final Javadocs docs;
  private final SchemaGenerator generator;

  EventSchemas(Path sources) {
    docs = Javadocs.of(sources, commented());
    SchemaGeneratorConfigBuilder config =
        new SchemaGeneratorConfigBuilder(SchemaVersion.DRAFT_7, OptionPreset.PLAIN_JSON)
            .with(Option.EXTRA_OPEN_API_FORMAT_VALUES, Option.INLINE_ALL_SCHEMAS)
            .with(Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES)
            .without(Option.SCHEMA_VERSION_INDICATOR);
    config
        .forFields()
        .withDescriptionResolver(field -> component(field).orElse(null))
        .withRequiredCheck(EventSchemas::required);
    config
        .forTypesInGeneral()
        // In the order in which they are written.
        .withPropertySorter(Comparator.comparingInt(any -> 0))
        .withCustomDefinitionProvider(EventSchemas::special);
    generator = new SchemaGenerator(config.build());
  }

  /** The schema of each event by its name. */
  Map<String, ObjectNode> all() {
    Map<String, ObjectNode> schemas = new LinkedHashMap<>();
    EVENTS.forEach(each -> schemas.put(each.getSimpleName(), schema(each)));
    return schemas;
  }

  private ObjectNode schema(Class<?> event) {
    ObjectNode schema = generator.generateSchema(event);
    docs.of(event).ifPresent(text -> schema.put("description", text));
    if (event == Review.class || event == Feedback.class) {
      limits(schema);
    }
    if (event == Feedback.class) {
      for (String opinion : List.of("label", "verdict", "stars")) {
        schema.withArray("oneOf").addObject().withArray("required").add(opinion);
      }
    }
    return schema;
  }

  private static void limits(ObjectNode schema) {
    ObjectNode properties = (ObjectNode) schema.get("properties");
    limit(properties.get("id"), event -> event.put("maxLength", Limits.ID_CHARACTERS));
    limit(properties.get("reviewId"), event -> event.put("maxLength", Limits.ID_CHARACTERS));
    limit(properties.get("text"), event -> event.put("maxLength", Limits.TEXT_CHARACTERS));
    limit(properties.get("source"), event -> event.put("maxLength", Limits.SOURCE_CHARACTERS));
    limit(
        properties.get("adapter"),
        event -> event.put("pattern", "^" + Limits.ADAPTER_NAME.pattern() + "$"));
  }

  private static void limit(@Nullable JsonNode property, Consumer<ObjectNode> bound) {
    if (property instanceof ObjectNode object) {
      bound.accept(object);
    }
  }

  private Optional<String> component(FieldScope field) {
    if (field.isFakeContainerItemScope()) {
      return Optional.empty(); // The list or map itself has it.
    }
    return docs.of(field.getDeclaringType().getErasedType(), field.getDeclaredName());
  }

  private static boolean required(FieldScope field) {
    Class<?> owner = field.getDeclaringType().getErasedType();
    List<String> asked = REQUIRED_OF_OTHERS.get(owner);
    if (asked != null) {
      return asked.contains(field.getDeclaredName());
    }
    return !LATER.contains(field.getDeclaredName())
        && Arrays.stream(owner.getRecordComponents())
            .filter(each -> each.getName().equals(field.getDeclaredName()))
            .noneMatch(EventSchemas::nullable);
  }

  private static boolean nullable(RecordComponent component) {
    AnnotatedType type = component.getAnnotatedType();
    return type.isAnnotationPresent(Nullable.class);
  }

  /** Enums are written in lower case, and whatever JSON the producer keeps is any JSON. */
  private static @Nullable CustomDefinition special(
      ResolvedType type, SchemaGenerationContext context) {
    ObjectNode definition = context.getGeneratorConfig().createObjectNode();
    if (JsonNode.class.isAssignableFrom(type.getErasedType())) {
      return inline(definition);
    }
    Object[] constants = type.getErasedType().getEnumConstants();
    if (constants == null) {
      return null;
    }
    definition.put("type", "string");
    ArrayNode words = definition.putArray("enum");
    for (Object each : constants) {
      words.add(((Enum<?>) each).name().toLowerCase(Locale.ROOT));
    }
    return inline(definition);
  }

  private static CustomDefinition inline(ObjectNode definition) {
    return new CustomDefinition(
        definition,
        CustomDefinition.DefinitionType.INLINE,
        CustomDefinition.AttributeInclusion.YES);
  }

  private static List<Class<?>> commented() {
    List<Class<?>> classes = new ArrayList<>(EVENTS);
    classes.add(dev.weir.contract.release.Decision.class);
    classes.add(dev.weir.contract.release.Method.class);
    classes.add(dev.weir.contract.event.InputPosition.class);
    classes.add(dev.weir.contract.event.Split.class);
    return classes;
  }
}
