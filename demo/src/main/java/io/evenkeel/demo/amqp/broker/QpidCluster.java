package io.evenkeel.demo.amqp.broker;

import com.google.gson.Gson;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.qpid.server.SystemLauncher;
import org.apache.qpid.server.SystemLauncherListener;
import org.apache.qpid.server.model.Port;
import org.apache.qpid.server.model.SystemConfig;
import org.jspecify.annotations.Nullable;

/**
 * What clients see of a RabbitMQ cluster, in this JVM and within a second: one Qpid Broker-J, whose virtual host is
 * reached through several ports, each at a loopback address of its own. So the queues are everywhere, as quorum queues
 * are. Everything is kept in memory.
 *
 * <p>It differs from RabbitMQ: there are no quorum queues or streams, consumers learn nothing of a deleted queue, there
 * is no direct reply-to, and an exchange bound to an exchange ends the connection.
 */
public final class QpidCluster implements BrokerCluster {
    static final String INNER_HOST = "127.0.0.1";

    private static final String USER = "guest";
    private static final String PASSWORD = "guest";

    private final SystemLauncher launcher;
    private final List<Broker> brokers;

    private QpidCluster(SystemLauncher launcher, List<Broker> brokers) {
        this.launcher = launcher;
        this.brokers = List.copyOf(brokers);
    }

    /** Brokers qpid-0, qpid-1, …, all of them running. */
    public static QpidCluster start(int count) throws IOException {
        return start(count, count);
    }

    /** As many brokers as in {@code count}, of which the first {@code running} are started. */
    public static QpidCluster start(int count, int running) throws IOException {
        List<InetSocketAddress> addresses = BrokerAddresses.find(count);
        Ports ports = new Ports();
        SystemLauncher launcher = new SystemLauncher(ports);
        launch(launcher, count);
        List<Broker> brokers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            brokers.add(new QpidBroker(name(i), addresses.get(i), ports.named(name(i))));
        }
        QpidCluster cluster = new QpidCluster(launcher, brokers);
        try {
            for (Broker broker : brokers.subList(0, running)) {
                broker.start();
            }
            return cluster;
        } catch (IOException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    @Override
    public List<Broker> brokers() {
        return brokers;
    }

    @Override
    public boolean isReplicating() {
        return false;
    }

    @Override
    public String user() {
        return USER;
    }

    @Override
    public String password() {
        return PASSWORD;
    }

    @Override
    public void close() throws IOException {
        for (Broker broker : brokers) {
            broker.kill();
        }
        launcher.shutdown();
    }

    private static String name(int index) {
        return "qpid-" + index;
    }

    private static void launch(SystemLauncher launcher, int ports) throws IOException {
        Path file = Files.createTempFile("evenkeel-qpid-", ".json");
        try {
            Files.writeString(file, new Gson().toJson(configuration(ports)));
            launcher.startup(Map.of(
                    SystemConfig.TYPE,
                    "Memory",
                    "initialConfigurationLocation",
                    file.toUri().toString(),
                    "startupLoggedToSystemOut",
                    false,
                    "preferenceStoreAttributes",
                    "{\"type\": \"Noop\"}"));
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            // what it declares
            throw new IOException("Qpid Broker-J: not started (expected: started)", e);
        } finally {
            Files.delete(file);
        }
    }

    private static Map<String, Object> configuration(int ports) {
        Map<String, Object> user = Map.of("name", USER, "type", "managed", "password", PASSWORD);
        // without TLS it would offer PLAIN to no client
        Map<String, Object> plain =
                Map.of("name", "plain", "type", "Plain", "secureOnlyMechanisms", List.of(), "users", List.of(user));
        Map<String, Object> node = Map.of(
                "name",
                "default",
                "type",
                "Memory",
                "defaultVirtualHostNode",
                "true",
                "virtualHostInitialConfiguration",
                "{\"type\": \"Memory\"}");
        return Map.of(
                "name",
                "evenkeel",
                "modelVersion",
                "9.0",
                "authenticationproviders",
                List.of(plain),
                "ports",
                IntStream.range(0, ports).mapToObj(QpidCluster::port).toList(),
                "virtualhostnodes",
                List.of(node));
    }

    private static Map<String, Object> port(int index) {
        return Map.of(
                "name",
                name(index),
                "port",
                0,
                "bindingAddress",
                INNER_HOST,
                "authenticationProvider",
                "plain",
                "protocols",
                List.of("AMQP_0_9_1"),
                "threadPoolSize",
                3,
                "numberOfSelectors",
                1,
                "virtualhostaliases",
                List.of(
                        Map.of("name", "nameAlias", "type", "nameAlias"),
                        Map.of("name", "defaultAlias", "type", "defaultAlias")));
    }

    /** Takes the ports out of the broker's model while it starts. */
    private static final class Ports extends SystemLauncherListener.DefaultSystemLauncherListener {
        private final Map<String, Port<?>> ports = new TreeMap<>();
        private @Nullable RuntimeException failure;

        @Override
        public void errorOnStartup(RuntimeException e) {
            failure = e;
        }

        @Override
        public void onContainerResolve(SystemConfig<?> config) {
            container = config;
        }

        private @Nullable SystemConfig<?> container;

        Port<?> named(String name) throws IOException {
            SystemConfig<?> config = container;
            if (failure != null || config == null) {
                throw new IOException("Qpid Broker-J: not started (expected: started)", failure);
            }
            if (ports.isEmpty()) {
                for (Port<?> port : config.getContainer().getChildren(Port.class)) {
                    ports.put(port.getName(), port);
                }
            }
            Port<?> port = ports.get(name);
            if (port == null) {
                throw new IOException("port: " + name + " (expected: one of " + ports.keySet() + ")");
            }
            return port;
        }
    }
}
