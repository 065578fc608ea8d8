package dev.weir.inference.http.guard;

import dev.weir.inference.http.web.HttpConfig;
import dev.weir.inference.http.web.Problem;
import io.netty.util.NetUtil;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Refuses requests that were meant for another host, where the host is all that tells a web page of
 * this server from one of another.
 *
 * <p>Whoever owns a name may have it point to 127.0.0.1 after his page was loaded (DNS rebinding).
 * His page then is of the same origin as this server, and its requests need neither a preflight nor
 * this server's leave; but they still name his host. So where no key is asked for, or only this
 * machine can connect, a request must name a host that this server is known by. With keys and other
 * machines, a page would have to know a key, and names are given by proxies that this server does
 * not know.
 *
 * <p>Everywhere, an HTTP/1.1 request has exactly one well-formed {@code Host} (RFC 9112, 3.2). Runs
 * on the event loop and looks no name up.
 */
final class Hosts implements Handler<RoutingContext> {

  private final boolean checked;
  private final boolean anyOfThisMachine;
  private final Set<String> names;

  /** Hosts of a server that listens there, and goes by these names, too. */
  Hosts(HttpConfig config) {
    this.checked = config.keys().isEmpty() || !config.reachable();
    this.names = names(config);
    InetAddress listening = NetUtil.createInetAddressFromIpAddressString(config.host());
    this.anyOfThisMachine = listening != null && listening.isAnyLocalAddress();
  }

  private static Set<String> names(HttpConfig config) {
    Set<String> names = new HashSet<>(Set.of("localhost"));
    names.add(canonical(config.host()));
    config.hosts().forEach(each -> names.add(canonical(each)));
    return Set.copyOf(names);
  }

  @Override
  public void handle(RoutingContext context) {
    HttpServerRequest request = context.request();
    for (String authority : authorities(request)) {
      @Nullable HostAndPort named = HostAndPort.parseAuthority(authority, -1);
      if (named == null || named.host().isEmpty()) {
        throw malformed();
      }
      if (checked && !served(named.host(), request.localAddress())) {
        throw new Problem(
            421,
            "host-not-served",
            "this server does not go by the host of the request; add it to WEIR_HTTP_HOSTS, or ask"
                + " for localhost");
      }
    }
    context.next();
  }

  /** What the request says that it is for: a proxy's form counts as well as the header. */
  private static Collection<String> authorities(HttpServerRequest request) {
    List<String> written = request.headers().getAll("Host");
    if (written.size() > 1 || (written.isEmpty() && request.version() != HttpVersion.HTTP_1_0)) {
      throw malformed();
    }
    String uri = request.uri();
    int scheme = uri.indexOf("://");
    if (scheme < 0 || uri.startsWith("/")) {
      return written; // Of HTTP/1.0 perhaps none: no browser writes that.
    }
    String rest = uri.substring(scheme + "://".length());
    String authority = rest.split("[/?#]", 2)[0];
    Set<String> both = new HashSet<>(written);
    both.add(authority.substring(authority.lastIndexOf('@') + 1));
    return both;
  }

  private boolean served(String host, @Nullable SocketAddress local) {
    String name = canonical(host);
    if (names.contains(name)) {
      return true;
    }
    @Nullable InetAddress address = NetUtil.createInetAddressFromIpAddressString(name);
    if (address == null) {
      return false;
    }
    // An address cannot be made to mean another machine, as a name can.
    return address.isLoopbackAddress()
        || (anyOfThisMachine && local != null && name.equals(canonical(local.hostAddress())));
  }

  /** In one letter case, without the brackets of IPv6 and the dot of the root. */
  private static String canonical(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    if (name.startsWith("[") && name.endsWith("]")) {
      name = name.substring(1, name.length() - 1);
    }
    if (name.endsWith(".")) {
      name = name.substring(0, name.length() - 1);
    }
    @Nullable InetAddress address = NetUtil.createInetAddressFromIpAddressString(name);
    return address == null ? name : NetUtil.toAddressString(address);
  }

  private static Problem malformed() {
    return new Problem(
        400, "bad-request", "a request names its host once and well-formed, as localhost:8080");
  }
}
