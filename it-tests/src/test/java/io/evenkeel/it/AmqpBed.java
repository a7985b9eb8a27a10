package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ShutdownNotifier;
import com.rabbitmq.client.impl.NetworkConnection;
import io.evenkeel.amqp.AmqpMetrics;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Brokers, a file that says which of them are ready, and connections of our factories over them. It counts moves and
 * collects every shutdown that the application would see. Closing it closes the connections and fails the test if a
 * thread of ours is left.
 */
final class AmqpBed implements AutoCloseable {
    private static final int CLOSE_TIMEOUT_MILLIS = 5_000;

    private final BrokerCluster cluster;
    private final Path directory;
    private final EndpointFile file;
    private final Map<Broker, EndpointCondition> conditions = new LinkedHashMap<>();
    private final List<Connection> connections = new CopyOnWriteArrayList<>();
    private final List<String> shutdowns = new CopyOnWriteArrayList<>();
    private final Counts counts = new Counts();
    private final List<Runnable> ends = new CopyOnWriteArrayList<>();
    private volatile boolean closing;

    private AmqpBed(BrokerCluster cluster) throws IOException {
        this.cluster = cluster;
        directory = Files.createTempDirectory("evenkeel-it-");
        file = EndpointFile.at(directory.resolve("brokers.json"));
    }

    /** The first so many brokers are said to be ready; the cluster is not closed with the bed. */
    static AmqpBed over(BrokerCluster cluster, int ready) throws IOException {
        AmqpBed bed = new AmqpBed(cluster);
        cluster.brokers().subList(0, ready).forEach(broker -> bed.conditions.put(broker, EndpointCondition.READY));
        bed.publish();
        return bed;
    }

    BrokerCluster cluster() {
        return cluster;
    }

    Broker broker(int index) {
        return cluster.brokers().get(index);
    }

    String target() {
        return file.target();
    }

    void set(Broker broker, EndpointCondition condition) throws IOException {
        conditions.put(broker, condition);
        publish();
    }

    /** Makes every connection change between the first two brokers, and waits until the one that is left has none. */
    void flip() throws IOException {
        Broker left = broker(0);
        Broker next = broker(1);
        if (conditions.get(left) != EndpointCondition.READY) {
            left = broker(1);
            next = broker(0);
        }
        conditions.put(next, EndpointCondition.READY);
        conditions.put(left, EndpointCondition.TERMINATING);
        publish();
        Broker empty = left;
        await().atMost(Duration.ofSeconds(40))
                .untilAsserted(() -> assertThat(empty.connections())
                        .as("connections to %s", empty)
                        .isZero());
    }

    void remove(Broker broker) throws IOException {
        conditions.remove(broker);
        publish();
    }

    private void publish() throws IOException {
        List<Endpoint> endpoints = new ArrayList<>();
        conditions.forEach(
                (broker, condition) -> endpoints.add(broker.endpoint().withCondition(condition)));
        file.write(endpoints);
    }

    /** Acts at once and never for age, so that the counts are exact. */
    EvenkeelConnectionFactory factory(String pool, String client) {
        EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
        cluster.configure(factory);
        factory.setTarget(target());
        factory.setName(pool);
        factory.setClientId(client);
        factory.setMoveWindow(Duration.ofSeconds(2));
        factory.setMaxConnectionAge(Duration.ZERO);
        factory.setBalance(balance -> balance.drainSpread(Duration.ZERO).holdDown(Duration.ZERO, Duration.ZERO));
        factory.setWatch(WatcherConfig.builder()
                .settle(Duration.ZERO)
                .settleMax(Duration.ZERO)
                .build());
        factory.setAmqpMetrics(counts);
        factory.setJmx(false);
        return factory;
    }

    /** Opens a connection whose shutdowns are noted. */
    Connection open(EvenkeelConnectionFactory factory, String name) throws IOException, TimeoutException {
        Connection connection = factory.newConnection(name);
        connections.add(connection);
        note(connection, name);
        return connection;
    }

    /** Notes every shutdown of it until the bed is closed. */
    void note(ShutdownNotifier notifier, String name) {
        notifier.addShutdownListener(signal -> {
            if (!closing) {
                shutdowns.add(name + ": " + signal.getMessage());
            }
        });
    }

    /** Something to end before the connections are closed, also when the test has failed. */
    void onClose(Runnable end) {
        ends.add(end);
    }

    /** What the application has seen of shutdowns. */
    List<String> shutdowns() {
        return List.copyOf(shutdowns);
    }

    int moved() {
        return counts.moved.get();
    }

    int rolledBack() {
        return counts.rolledBack.get();
    }

    int recovered() {
        return counts.recovered.get();
    }

    void resetCounts() {
        counts.moved.set(0);
        counts.rolledBack.set(0);
        counts.recovered.set(0);
    }

    /** Where the connections say that they are, by the broker's name. */
    Map<String, Integer> places() {
        Map<String, Integer> places = new TreeMap<>();
        connections.forEach(connection -> places.merge(place(connection), 1, Integer::sum));
        return places;
    }

    /** The broker that a connection says it is on. */
    String place(Connection connection) {
        String host = ((NetworkConnection) connection).getAddress().getHostAddress();
        int port = connection.getPort();
        return cluster.brokers().stream()
                .filter(broker -> broker.host().equals(host) && broker.port() == port)
                .map(Broker::name)
                .findFirst()
                .orElse(host + ":" + port);
    }

    /** Waits until no connection says that it is on this broker. */
    void awaitLeft(Broker broker, Duration atMost) {
        await().atMost(atMost).untilAsserted(() -> assertThat(places()).doesNotContainKey(broker.name()));
    }

    /** Connections, as the brokers that run count them. */
    Map<String, Integer> counted() throws IOException {
        Map<String, Integer> counted = new TreeMap<>();
        for (Broker broker : cluster.brokers()) {
            if (broker.isRunning()) {
                counted.put(broker.name(), broker.connections());
            }
        }
        return counted;
    }

    @Override
    public void close() throws IOException {
        closing = true;
        try {
            ends.forEach(Runnable::run);
            connections.forEach(connection -> connection.abort(CLOSE_TIMEOUT_MILLIS));
            await().atMost(Duration.ofSeconds(15))
                    .untilAsserted(() -> assertThat(Leaks.threads())
                            .as("threads that are left")
                            .isEmpty());
        } finally {
            Files.deleteIfExists(file.path());
            Files.deleteIfExists(directory);
        }
    }

    private static final class Counts implements AmqpMetrics {
        private final AtomicInteger moved = new AtomicInteger();
        private final AtomicInteger rolledBack = new AtomicInteger();
        private final AtomicInteger recovered = new AtomicInteger();

        @Override
        public void moved(String pool, EndpointKey from, EndpointKey to, Duration took) {
            moved.incrementAndGet();
        }

        @Override
        public void rolledBack(String pool, EndpointKey from, EndpointKey to, String reason) {
            rolledBack.incrementAndGet();
        }

        @Override
        public void recovered(String pool, EndpointKey to, Duration took) {
            recovered.incrementAndGet();
        }
    }
}
