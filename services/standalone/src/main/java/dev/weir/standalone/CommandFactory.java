package dev.weir.standalone;

import java.lang.reflect.Constructor;
import java.util.Map;
import picocli.CommandLine;

/** Makes commands, handing the environment to those whose constructor asks for it. */
final class CommandFactory implements CommandLine.IFactory {

  private final Map<String, String> environment;

  CommandFactory(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public <K> K create(Class<K> type) throws Exception {
    try {
      Constructor<K> constructor = type.getDeclaredConstructor(Map.class);
      constructor.setAccessible(true);
      return constructor.newInstance(environment);
    } catch (NoSuchMethodException e) {
      return CommandLine.defaultFactory().create(type);
    }
  }
}
