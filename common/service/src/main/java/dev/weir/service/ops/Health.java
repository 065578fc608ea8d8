package dev.weir.service.ops;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a process says of itself: live until a component is beyond help, ready while all of them can
 * work that its answers need.
 *
 * <p>A component that only informs is in the report and in the gauges, for people and alerts, and
 * takes no traffic away: a service that answers without it stays ready.
 *
 * <p>Thread-safe. Checks must return at once: they read state, they do not probe.
 */
public final class Health {

  private static final Logger LOG = LoggerFactory.getLogger(Health.class);

  private final Map<String, Component> components = new ConcurrentSkipListMap<>();
  private @Nullable MeterRegistry meters; // guarded by this

  /** The state of one component. */
  public sealed interface Status {

    /** It works. */
    record Up(String detail) implements Status {}

    /** It cannot work now, and may again without a restart. */
    record Down(String detail) implements Status {}

    /** Only a restart helps. */
    record Dead(String detail) implements Status {}
  }

  /** A component's check, and whether readiness needs it. */
  private record Component(Supplier<Status> check, boolean required) {

    /** A check that fails, such as one of something that is just closed, fails for itself only. */
    Status state() {
      try {
        return check.get();
      } catch (RuntimeException e) {
        LOG.warn("a health check failed: {}", e.toString());
        return new Status.Down("its check failed: " + e);
      }
    }
  }

  /** Adds a component that readiness needs, or replaces the one of the same name. */
  public void register(String component, Supplier<Status> check) {
    add(component, new Component(check, true));
  }

  /**
   * Adds a component that readiness does without, or replaces the one of the same name: down, it is
   * reported; dead, the process is not live.
   */
  public void inform(String component, Supplier<Status> check) {
    add(component, new Component(check, false));
  }

  /**
   * Keeps readiness away while a process starts: components that are not registered yet cannot say
   * that they are not there.
   *
   * @return to be run when all of them are registered
   */
  public Runnable starting() {
    AtomicBoolean started = new AtomicBoolean();
    register(
        "start",
        () ->
            started.get()
                ? new Status.Up("all parts were started")
                : new Status.Down("the parts are being started"));
    return () -> started.set(true);
  }

  private synchronized void add(String name, Component component) {
    components.put(name, component);
    if (meters != null) {
      show(name, meters);
    }
  }

  /** Shows readiness, and each component that is or will be registered, as gauges. */
  public synchronized void bindTo(MeterRegistry registry) {
    meters = registry;
    CommonMeters.READY.gauge(registry, () -> ready() ? 1 : 0);
    components.keySet().forEach(component -> show(component, registry));
  }

  private void show(String component, MeterRegistry registry) {
    CommonMeters.COMPONENT.gauge(registry, () -> up(component) ? 1 : 0, component);
  }

  private boolean up(String component) {
    Component known = components.get(component);
    return known != null && known.state() instanceof Status.Up;
  }

  /** The state of each component, by name. */
  public Map<String, Status> components() {
    Map<String, Status> states = new LinkedHashMap<>();
    components.forEach((name, component) -> states.put(name, component.state()));
    return states;
  }

  /** Whether a restart would not help: no component is dead. */
  public boolean live() {
    return components().values().stream().noneMatch(Status.Dead.class::isInstance);
  }

  /** Whether work can be sent here: every component that this needs is up. */
  public boolean ready() {
    return components.values().stream()
        .filter(Component::required)
        .allMatch(component -> component.state() instanceof Status.Up);
  }

  private boolean required(String name) {
    Component known = components.get(name);
    return known == null || known.required();
  }

  /** The JSON shape of the health endpoints: overall status, then one entry per component. */
  public Map<String, Object> report(boolean ok) {
    Map<String, Object> parts = new LinkedHashMap<>();
    components()
        .forEach(
            (name, status) -> {
              Map<String, Object> part = new LinkedHashMap<>();
              if (status instanceof Status.Up up) {
                part.put("status", "up");
                part.put("detail", up.detail());
              } else if (status instanceof Status.Down down) {
                part.put("status", "down");
                part.put("detail", down.detail());
              } else if (status instanceof Status.Dead dead) {
                part.put("status", "dead");
                part.put("detail", dead.detail());
              }
              if (!required(name)) {
                part.put("required", false);
              }
              parts.put(name, part);
            });
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("status", ok ? "up" : "down");
    report.put("components", parts);
    return report;
  }
}
