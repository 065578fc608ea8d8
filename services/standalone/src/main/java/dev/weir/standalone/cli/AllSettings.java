package dev.weir.standalone.cli;

import dev.weir.service.config.Setting;
import dev.weir.standalone.loop.LocalLoop;
import java.util.List;

/** Every setting that any Weir process knows: a variable of another service is not a mistake. */
final class AllSettings {

  private AllSettings() {}

  static List<Setting<?>> ofServices() {
    return LocalLoop.serviceSettings();
  }
}
