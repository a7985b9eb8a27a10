package io.evenkeel.it;

import com.rabbitmq.client.ConnectionFactory;
import io.evenkeel.demo.amqp.broker.BrokerAddresses;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.testcontainers.containers.Network;

/**
 * A cluster of RabbitMQ 4 in containers, whose nodes find each other by name on a network of their own. Clients reach each
 * node at a loopback address of its own.
 */
final class RabbitCluster implements RabbitBrokers {
    static final String USER = "evenkeel";
    static final String PASSWORD = "evenkeel";
    /** How many nodes run and know of each other, in words that RabbitMQ 3.10 and 4 understand. */
    static final String RUNNING_NODES = "length([N || N <- [node() | nodes()], rabbit:is_running(N)]).";

    static final String ERLANG_COOKIE = "EVENKEELTESTS";

    /** The name in the nodes' certificate. */
    static final String SERVICE = "rabbitmq.evenkeel.test";

    private final Network network;
    private final TestCertificate certificate;
    private final List<RabbitNode> nodes;

    private RabbitCluster(Network network, TestCertificate certificate, List<RabbitNode> nodes) {
        this.network = network;
        this.certificate = certificate;
        this.nodes = List.copyOf(nodes);
    }

    /** Nodes rabbit-1, rabbit-2, …, all of them running and in one cluster. */
    static RabbitCluster start(int size) throws IOException {
        List<InetSocketAddress> addresses = BrokerAddresses.find(size);
        Path directory = Files.createTempDirectory("evenkeel-rabbitmq-");
        TestCertificate certificate = TestCertificate.create(directory, SERVICE);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory), "evenkeel-demo-delete"));
        Network network = Network.newNetwork();
        List<RabbitNode> nodes = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            nodes.add(new RabbitNode(name(i), addresses.get(i), network, configuration(size), certificate));
        }
        RabbitCluster cluster = new RabbitCluster(network, certificate, nodes);
        try {
            cluster.startAll();
            return cluster;
        } catch (IOException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(directory);
        } catch (IOException left) {
            System.err.println("left behind: " + directory + " (" + left.getMessage() + ")");
        }
    }

    private static String name(int index) {
        return "rabbit-" + (index + 1);
    }

    private static String configuration(int size) {
        StringBuilder text = new StringBuilder();
        text.append("default_user = ").append(USER).append('\n');
        text.append("default_pass = ").append(PASSWORD).append('\n');
        text.append("default_user_tags.administrator = true\n");
        text.append("log.console = true\nlog.console.level = warning\n");
        text.append("disk_free_limit.absolute = 50MB\n");
        text.append("listeners.ssl.default = 5671\n");
        text.append("ssl_options.cacertfile = /etc/rabbitmq/ca.crt\n");
        text.append("ssl_options.certfile = /etc/rabbitmq/server.crt\n");
        text.append("ssl_options.keyfile = /etc/rabbitmq/server.key\n");
        text.append("ssl_options.verify = verify_none\n");
        text.append("cluster_formation.peer_discovery_backend = classic_config\n");
        for (int i = 0; i < size; i++) {
            text.append("cluster_formation.classic_config.nodes.")
                    .append(i + 1)
                    .append(" = rabbit@")
                    .append(name(i))
                    .append('\n');
        }
        return text.toString();
    }

    private void startAll() throws IOException {
        CompletableFuture<?>[] starting = nodes.stream()
                .map(node -> CompletableFuture.runAsync(() -> {
                    try {
                        node.start();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }))
                .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(starting).join();
        awaitMembers(nodes.size());
    }

    /** Waits until so many nodes run and know of each other. */
    void awaitMembers(int count) {
        Awaitility.await("nodes that run: " + count)
                .atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(200))
                .ignoreExceptions()
                .until(() -> nodes.stream()
                        .filter(RabbitNode::isRunning)
                        .findFirst()
                        .orElseThrow()
                        .eval(RUNNING_NODES)
                        .equals(Integer.toString(count)));
    }

    @Override
    public List<RabbitBroker> nodes() {
        return List.copyOf(nodes);
    }

    /** What clients have to trust. */
    TestCertificate certificate() {
        return certificate;
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
    public void configure(ConnectionFactory factory) {
        RabbitBrokers.super.configure(factory);
        factory.setConnectionTimeout(2_000);
        factory.setHandshakeTimeout(3_000);
    }

    @Override
    public void close() {
        nodes.forEach(RabbitNode::close);
        network.close();
    }
}
