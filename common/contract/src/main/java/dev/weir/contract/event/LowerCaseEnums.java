package dev.weir.contract.event;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import java.io.IOException;
import java.util.Locale;

/** Writes enum constants in lower case, as values and as map keys: {@code AGREE} is "agree". */
final class LowerCaseEnums extends SimpleModule {

  private static final long serialVersionUID = 1L;

  LowerCaseEnums() {
    addSerializer(new Value());
    addKeySerializer(enumType(), new Key());
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static Class<Enum<?>> enumType() {
    return (Class) Enum.class;
  }

  private static String name(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static final class Value extends StdSerializer<Enum<?>> {
    private static final long serialVersionUID = 1L;

    Value() {
      super(enumType());
    }

    @Override
    public void serialize(Enum<?> value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeString(name(value));
    }
  }

  private static final class Key extends StdSerializer<Enum<?>> {
    private static final long serialVersionUID = 1L;

    Key() {
      super(enumType());
    }

    @Override
    public void serialize(Enum<?> value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeFieldName(name(value));
    }
  }
}
