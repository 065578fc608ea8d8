import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;

/** Ends with 0 when a broker answers. */
public final class BrokerProbe {
  private BrokerProbe() {}

  public static void main(String[] arguments) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0], "request.timeout.ms", "5000"))) {
      System.out.println(admin.describeCluster().nodes().get(8, TimeUnit.SECONDS));
    }
  }
}
