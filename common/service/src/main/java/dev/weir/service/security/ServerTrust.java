package dev.weir.service.security;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Which servers this process's own clients believe over HTTPS. */
public final class ServerTrust {

  private ServerTrust() {}

  /**
   * Whoever the JDK trusts, and the certificates of a PEM file: a server's own, or those of an
   * authority of one's own. The server's name is checked all the same.
   *
   * @throws IllegalArgumentException if the file has no certificate
   */
  public static SSLContext with(Path certificates) {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      int number = 0;
      for (X509Certificate each : jdk()) {
        trusted.setCertificateEntry("jdk-" + number++, each);
      }
      for (X509Certificate each : PemFiles.certificates(certificates)) {
        trusted.setCertificateEntry("own-" + number++, each);
      }
      return context(managers(trusted));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("this JDK cannot trust a certificate", e);
    }
  }

  /** Whether a host is this machine itself, by its loopback interface. */
  public static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /**
   * Any certificate: for loopback addresses alone. Certificates are made for the name that others
   * reach a server by, and who could answer in its place on its own loopback interface is inside
   * already. Nor should an expired certificate make a health check restart what works.
   */
  public static SSLContext ofLoopback() {
    try {
      return context(new TrustManager[] {new Anybody()});
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no TLS", e);
    }
  }

  private static X509Certificate[] jdk() throws GeneralSecurityException {
    for (TrustManager each : managers(null)) {
      if (each instanceof X509TrustManager known) {
        return known.getAcceptedIssuers();
      }
    }
    return new X509Certificate[0];
  }

  private static TrustManager[] managers(@Nullable KeyStore trusted)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted);
    return factory.getTrustManagers();
  }

  private static SSLContext context(TrustManager[] managers) throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers, null);
    return context;
  }

  /** Extended, so that the JDK adds no check of names of its own. */
  private static final class Anybody extends X509ExtendedTrustManager {

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
