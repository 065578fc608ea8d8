package dev.weir.inference.access;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;

/** What stands for a client that shows no key. */
public final class Addresses {

  private Addresses() {}

  /**
   * The client of an address: an IPv4 address itself, of an IPv6 address its network of 64 bits,
   * which is what one customer is given and may change addresses within at will.
   *
   * @param literal an address, never a name: it is not looked up
   */
  public static String client(String literal) {
    if (!literal.contains(":")) {
      return literal;
    }
    try {
      // A literal is parsed, never resolved; the zone of a link-local one is cut off.
      byte[] bytes = InetAddress.getByName(literal.split("%", 2)[0]).getAddress();
      return bytes.length == 16
          ? HexFormat.of().formatHex(Arrays.copyOf(bytes, 8)) + "::/64"
          : literal;
    } catch (UnknownHostException e) {
      return literal;
    }
  }
}
