package dev.weir.contract.event;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Says what a record that was read from JSON lacks: a component that is {@code null} although it is
 * not declared {@link Nullable}, at any depth.
 *
 * <p>Jackson fills an absent field with {@code null} whatever the declaration says, and the
 * compiler's null checks end where it begins. Stateless and thread-safe.
 */
final class RecordParts {

  private static final ClassValue<List<Part>> PARTS =
      new ClassValue<>() {
        @Override
        protected List<Part> computeValue(Class<?> type) {
          return parts(type);
        }
      };

  private RecordParts() {}

  private record Part(String name, boolean nullable, MethodHandle accessor) {}

  /** The path of the first part that is missing, such as {@code decision.slices[2].by}. */
  static Optional<String> missing(@Nullable Object value) {
    return Optional.ofNullable(missing(value, ""));
  }

  private static @Nullable String missing(@Nullable Object value, String path) {
    if (value instanceof Record) {
      for (Part part : PARTS.get(value.getClass())) {
        String name = path.isEmpty() ? part.name() : path + "." + part.name();
        Object component = component(part, value);
        if (component == null && !part.nullable()) {
          return name;
        }
        String deeper = missing(component, name);
        if (deeper != null) {
          return deeper;
        }
      }
    } else if (value instanceof Collection<?> elements) {
      int index = 0;
      for (Object element : elements) {
        String name = path + "[" + index++ + "]";
        String deeper = element == null ? name : missing(element, name);
        if (deeper != null) {
          return deeper;
        }
      }
    } else if (value instanceof Map<?, ?> map) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        String name = path + "." + entry.getKey();
        String deeper = entry.getValue() == null ? name : missing(entry.getValue(), name);
        if (deeper != null) {
          return deeper;
        }
      }
    }
    return null;
  }

  private static @Nullable Object component(Part part, Object owner) {
    try {
      return part.accessor().invoke(owner);
    } catch (Throwable e) {
      throw new IllegalStateException("the accessor of " + part.name() + " failed", e);
    }
  }

  private static List<Part> parts(Class<?> type) {
    List<Part> parts = new ArrayList<>();
    for (RecordComponent component : type.getRecordComponents()) {
      if (component.getType().isPrimitive()) {
        continue;
      }
      Method accessor = component.getAccessor();
      try {
        accessor.setAccessible(true); // Records of other packages need not be public.
        parts.add(
            new Part(
                component.getName(),
                component.getAnnotatedType().isAnnotationPresent(Nullable.class),
                MethodHandles.lookup().unreflect(accessor)));
      } catch (IllegalAccessException e) {
        throw new IllegalStateException("a record's accessor is not accessible", e);
      }
    }
    return List.copyOf(parts);
  }
}
