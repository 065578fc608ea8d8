package dev.weir.standalone.cli;

import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.process.CommonSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that talks to Kafka; each stands for its variable. */
final class ConnectionOptions {

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description = "Kafka brokers (WEIR_BOOTSTRAP_SERVERS; default localhost:9092)")
  private @Nullable String bootstrapServers;

  @Option(
      names = "--topic-prefix",
      paramLabel = "TEXT",
      description = "stands before each topic's name (WEIR_TOPIC_PREFIX)")
  private @Nullable String topicPrefix;

  /** The environment with the given options on top of it. */
  Map<String, String> over(Map<String, String> environment) {
    Map<String, String> merged = new HashMap<>(environment);
    if (bootstrapServers != null) {
      merged.put(CommonSettings.BOOTSTRAP_SERVERS.name(), bootstrapServers);
    }
    if (topicPrefix != null) {
      merged.put(CommonSettings.TOPIC_PREFIX.name(), topicPrefix);
    }
    return merged;
  }

  /** The common settings, for commands that use Kafka and nothing else. */
  Settings clientSettings(Map<String, String> environment) {
    List<Setting<?>> known = new ArrayList<>(CommonSettings.all());
    known.addAll(AllSettings.ofServices());
    return Settings.read(known, over(environment));
  }
}
