package dev.weir.broker;

/**
 * A listener that asks clients who they are, beside the open one.
 *
 * @param protocol Kafka's name of the security protocol
 * @param port on 127.0.0.1
 */
record SecuredListener(String protocol, int port) {

  /** Its settings begin with {@code listener.name.} and this in lower case. */
  static final String NAME = "SECURED";

  /** On a free port that is none of the two others. */
  static SecuredListener on(String protocol, int port, int controllerPort) {
    int drawn = LoopbackPorts.free(port);
    while (drawn == controllerPort) {
      drawn = LoopbackPorts.free(port);
    }
    return new SecuredListener(protocol, drawn);
  }

  String address() {
    return LoopbackPorts.HOST + ":" + port;
  }
}
