package dev.weir.deploy;

import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import io.strimzi.api.kafka.model.user.KafkaUserAuthorizationSimple;
import io.strimzi.api.kafka.model.user.acl.AclRule;
import io.strimzi.api.kafka.model.user.acl.AclRuleClusterResource;
import io.strimzi.api.kafka.model.user.acl.AclRuleGroupResource;
import io.strimzi.api.kafka.model.user.acl.AclRuleTopicResource;
import io.strimzi.api.kafka.model.user.acl.AclRuleTransactionalIdResource;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.Resource;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * The Kafka of an overlay as its operators would run it: mutual TLS, nothing allowed but what the
 * users' rules allow, the topics made beforehand.
 */
final class SecuredKafka implements AutoCloseable {

  private static final String SUPER = "operator";

  private final TestingAuthority authority;
  private final Map<String, TestingAuthority.Identity> identities = new HashMap<>();
  private final Container process;
  private final int port;

  private SecuredKafka(TestingAuthority authority, Container process, int port) {
    this.authority = authority;
    this.process = process;
    this.port = port;
  }

  static SecuredKafka start(Manifests manifests, Path directory)
      throws IOException, InterruptedException, GeneralSecurityException, ExecutionException {
    TestingAuthority authority = new TestingAuthority(directory.resolve("authority"));
    int port = HostKafka.freePort();
    TestingAuthority.Identity operator = authority.identity(SUPER);
    Container process =
        HostKafka.start(properties(manifests, directory, authority, operator, port), directory);
    SecuredKafka kafka = new SecuredKafka(authority, process, port);
    kafka.identities.put(SUPER, operator);
    try {
      HostKafka.awaitAnswers(process, kafka.client(SUPER));
      try (Admin admin = Admin.create(kafka.client(SUPER))) {
        admin.createTopics(topics(manifests)).all().get();
        admin.createAcls(rules(manifests)).all().get();
      }
    } catch (RuntimeException | ExecutionException e) {
      kafka.close();
      throw e;
    }
    return kafka;
  }

  String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  String authority() {
    return authority.certificate();
  }

  /** What the user operator puts into a user's secret. */
  TestingAuthority.Identity identity(String user)
      throws IOException, InterruptedException, GeneralSecurityException {
    TestingAuthority.Identity known = identities.get(user);
    if (known == null) {
      known = authority.identity(user);
      identities.put(user, known);
    }
    return known;
  }

  /** Properties of a client of that user. */
  Map<String, Object> client(String user)
      throws IOException, InterruptedException, GeneralSecurityException {
    Map<String, Object> properties = new HashMap<>(pem(identity(user), authority.certificate()));
    properties.put("bootstrap.servers", bootstrapServers());
    properties.put("security.protocol", "SSL");
    return properties;
  }

  @Override
  public void close() {
    process.close();
  }

  private static Properties properties(
      Manifests manifests,
      Path directory,
      TestingAuthority authority,
      TestingAuthority.Identity operator,
      int port)
      throws IOException {
    Properties properties = new Properties();
    manifests
        .all(Kafka.class)
        .findFirst()
        .orElseThrow()
        .getSpec()
        .getKafka()
        .getConfig()
        .forEach((name, value) -> properties.setProperty(name, value.toString()));
    // Here is one broker, whatever the overlay has.
    properties
        .stringPropertyNames()
        .forEach(
            name -> {
              if (name.matches(".*replication\\.factor|.*min\\.isr|min\\.insync\\.replicas")) {
                properties.setProperty(name, "1");
              }
            });
    int controller = HostKafka.freePort();
    pem(operator, authority.certificate()).forEach(properties::setProperty);
    properties.setProperty("node.id", "1");
    properties.setProperty("process.roles", "broker,controller");
    properties.setProperty(
        "listeners", "TLS://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controller);
    properties.setProperty("advertised.listeners", "TLS://127.0.0.1:" + port);
    properties.setProperty("listener.security.protocol.map", "TLS:SSL,CONTROLLER:SSL");
    properties.setProperty("inter.broker.listener.name", "TLS");
    properties.setProperty("controller.listener.names", "CONTROLLER");
    properties.setProperty("controller.quorum.voters", "1@127.0.0.1:" + controller);
    properties.setProperty("log.dirs", directory.resolve("kafka").toString());
    properties.setProperty("ssl.client.auth", "required");
    properties.setProperty(
        "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
    properties.setProperty("super.users", "User:CN=" + SUPER);
    return properties;
  }

  private static Map<String, String> pem(TestingAuthority.Identity identity, String authority) {
    return Map.of(
        "ssl.keystore.type",
        "PEM",
        "ssl.keystore.certificate.chain",
        identity.certificate(),
        "ssl.keystore.key",
        identity.key(),
        "ssl.truststore.type",
        "PEM",
        "ssl.truststore.certificates",
        authority);
  }

  private static List<NewTopic> topics(Manifests manifests) {
    return manifests
        .all(KafkaTopic.class)
        .map(
            topic -> {
              Map<String, String> config = new HashMap<>();
              topic.getSpec().getConfig().forEach((k, v) -> config.put(k, v.toString()));
              return new NewTopic(
                      topic.getMetadata().getName(), topic.getSpec().getPartitions(), (short) 1)
                  .configs(config);
            })
        .toList();
  }

  private static List<AclBinding> rules(Manifests manifests) {
    List<AclBinding> bindings = new ArrayList<>();
    manifests
        .all(KafkaUser.class)
        .forEach(
            user -> {
              var rules = (KafkaUserAuthorizationSimple) user.getSpec().getAuthorization();
              for (AclRule rule : rules.getAcls()) {
                rule.getOperations()
                    .forEach(
                        operation ->
                            bindings.add(
                                new AclBinding(
                                    resource(rule),
                                    new AccessControlEntry(
                                        "User:CN=" + user.getMetadata().getName(),
                                        "*",
                                        operation(operation.name()),
                                        AclPermissionType.ALLOW))));
              }
            });
    return bindings;
  }

  /** Strimzi writes the words together. */
  private static AclOperation operation(String strimzi) {
    return Arrays.stream(AclOperation.values())
        .filter(each -> each.name().replace("_", "").equals(strimzi))
        .findFirst()
        .orElseThrow();
  }

  private static ResourcePattern resource(AclRule rule) {
    if (rule.getResource() instanceof AclRuleTopicResource topic) {
      return new ResourcePattern(
          ResourceType.TOPIC, topic.getName(), pattern(String.valueOf(topic.getPatternType())));
    }
    if (rule.getResource() instanceof AclRuleGroupResource group) {
      return new ResourcePattern(
          ResourceType.GROUP, group.getName(), pattern(String.valueOf(group.getPatternType())));
    }
    if (rule.getResource() instanceof AclRuleClusterResource) {
      return new ResourcePattern(ResourceType.CLUSTER, Resource.CLUSTER_NAME, PatternType.LITERAL);
    }
    AclRuleTransactionalIdResource id = (AclRuleTransactionalIdResource) rule.getResource();
    return new ResourcePattern(
        ResourceType.TRANSACTIONAL_ID, id.getName(), pattern(String.valueOf(id.getPatternType())));
  }

  private static PatternType pattern(String strimzi) {
    return strimzi.equalsIgnoreCase("prefix") ? PatternType.PREFIXED : PatternType.LITERAL;
  }
}
