package dev.weir.inference.http.guard;

import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.http.web.WellFormed;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.ext.web.Router;

/** What every request passes before its route, in this order, whatever the route is. */
public final class Gate {

  private final Connections connections;
  private final SecurityHeaders headers;
  private final Hosts hosts;
  private final Origins origins;
  private final AccessHandler access;

  /** The checks that the settings ask for. */
  public Gate(HttpConfig config, Connections connections, MeterRegistry meters) {
    this.connections = connections;
    this.headers = new SecurityHeaders(config.tls().isPresent());
    this.hosts = new Hosts(config);
    this.origins = new Origins(config.origins());
    this.access = new AccessHandler(config, meters);
  }

  /** Puts the handlers before all that are registered later. */
  public void before(Router router) {
    router.route().handler(headers);
    router.route().handler(connections.watch());
    router.route().handler(new WellFormed());
    router.route().handler(hosts);
    // A preflight shows no key: origins come before access.
    router.route().handler(origins);
    router.route().handler(access);
  }
}
