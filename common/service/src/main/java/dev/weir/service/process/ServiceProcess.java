package dev.weir.service.process;

import dev.weir.contract.fault.WeirException;
import dev.weir.service.config.Setting;
import dev.weir.service.config.Settings;
import dev.weir.service.config.SettingsException;
import dev.weir.service.ops.Health;
import dev.weir.service.ops.Lifecycle;
import dev.weir.service.ops.LoggedText;
import dev.weir.service.ops.Metrics;
import dev.weir.service.ops.Signals;
import dev.weir.service.trace.Tracing;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One service as a process of its own: reads the settings, provisions the topics, starts the parts,
 * and stops them in reverse order on a signal or when only a restart helps.
 *
 * <p>Exit codes: 0 after a signal, 1 after a fault, 2 when the settings are not usable.
 */
public final class ServiceProcess {

  private static final Logger LOG = LoggerFactory.getLogger(ServiceProcess.class);
  private static final Duration BROKER_TIMEOUT = Duration.ofSeconds(30);

  /** The parts of one service. */
  public interface Service {

    /**
     * Begins what takes long and needs no broker, in threads of its own, and hands it to {@code
     * lifecycle}; called before {@link #start}, while the topics are not yet there.
     *
     * @throws SettingsException if settings contradict each other
     */
    default void begin(Settings settings, Lifecycle lifecycle) {}

    /** Starts the parts and hands each of them to {@code lifecycle}. */
    void start(Settings settings, Metrics metrics, Health health, Lifecycle lifecycle);

    /** The service's name in traces. */
    default String name() {
      return "weir";
    }

    /** The same service under a name of its own. */
    static Service named(String name, Service parts) {
      return new Service() {
        @Override
        public void begin(Settings settings, Lifecycle lifecycle) {
          parts.begin(settings, lifecycle);
        }

        @Override
        public void start(Settings settings, Metrics metrics, Health health, Lifecycle lifecycle) {
          parts.start(settings, metrics, health, lifecycle);
        }

        @Override
        public String name() {
          return name;
        }
      };
    }
  }

  private ServiceProcess() {}

  /**
   * Runs a service in this thread until SIGTERM, Ctrl-C or a fault.
   *
   * @param known the settings of the process beside the common ones
   * @param environment where the settings are read from
   * @param problems where to say what is wrong
   * @return the exit code
   */
  public static int run(
      Collection<? extends Setting<?>> known,
      Map<String, String> environment,
      PrintStream problems,
      Service service) {
    CountDownLatch stop = new CountDownLatch(1);
    Signals.onStop(stop::countDown);
    return run(known, environment, problems, service, stop);
  }

  /** Runs a service until {@code stop}. */
  static int run(
      Collection<? extends Setting<?>> known,
      Map<String, String> environment,
      PrintStream problems,
      Service service,
      CountDownLatch stop) {
    try (Lifecycle lifecycle = new Lifecycle()) {
      List<Setting<?>> declared = new ArrayList<>(CommonSettings.all());
      declared.addAll(known);
      Settings settings = Settings.read(declared, environment);
      service.begin(settings, lifecycle);
      LoggedText.show(settings.get(CommonSettings.LOG_TEXTS));
      LOG.info("settings: {}", new TreeMap<>(settings.effective()));
      Health health = new Health();
      Runnable started = health.starting();
      Tracing tracing = lifecycle.add("tracing", Tracing.open(service.name(), environment));
      Metrics metrics = lifecycle.add("metrics", new Metrics(tracing));
      health.bindTo(metrics.registry());
      lifecycle.add("ops server", OpsPort.start(settings, environment, health, metrics));
      provision(settings);
      service.start(settings, metrics, health, lifecycle);
      started.run();
      while (!stop.await(1, TimeUnit.SECONDS)) {
        if (!health.live()) {
          problems.println("weir: only a restart helps: " + health.report(false));
          return 1;
        }
      }
      return 0;
    } catch (SettingsException e) {
      problems.println("weir: " + e.getMessage());
      return 2;
    } catch (WeirException e) {
      problems.println("weir: " + e.getMessage());
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  /**
   * Creates the topics that are missing.
   *
   * @throws BrokerUnavailableException if the broker does not answer in time, or refuses
   */
  public static void provision(Settings settings) {
    try (Admin admin = Admin.create(CommonSettings.kafka(settings))) {
      new TopicProvisioner(admin, BROKER_TIMEOUT)
          .ensure(
              settings
                  .get(CommonSettings.TOPIC_PREFIX)
                  .all(
                      settings.get(CommonSettings.PARTITIONS),
                      settings.get(CommonSettings.REPLICATION).shortValue()));
    } catch (KafkaException e) {
      Throwable why = e.getCause() == null ? e : e.getCause();
      throw new BrokerUnavailableException(
          "no Kafka client can be made: "
              + why.getMessage()
              + "; check WEIR_BOOTSTRAP_SERVERS and WEIR_KAFKA_CLIENT_CONFIG",
          e);
    }
  }
}
