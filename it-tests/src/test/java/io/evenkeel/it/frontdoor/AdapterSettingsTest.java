package io.evenkeel.it.frontdoor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.observation.ObservationCollector;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.amqp.AmqpMetrics;
import io.evenkeel.amqp.ConsumerHandover;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.QpidCluster;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.jdbc.EvenkeelDataSourceBuilder;
import io.evenkeel.jdbc.Pooling;
import io.evenkeel.rsocket.DrainDeadlineException;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.EvenkeelRSocketClientBuilder;
import io.evenkeel.rsocket.LongStreamPolicy;
import io.evenkeel.rsocket.NoEndpointException;
import io.evenkeel.watch.WatcherConfig;
import io.rsocket.DuplexConnection;
import io.rsocket.core.RSocketConnector;
import io.rsocket.transport.ClientTransport;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.util.DefaultPayload;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import reactor.core.publisher.Mono;

/** The settings that one adapter has and the others have not. */
@Timeout(300)
class AdapterSettingsTest {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String TWO_PODS = "static:///127.0.0.1:1,127.0.0.2:1";

    @TempDir
    Path directory;

    /** The names of the settings that the tests below are about. */
    static Set<String> lookedAt(String adapter) {
        return switch (adapter) {
            case "JDBC" -> Set.of("hikari", "wrap", "connections", "pooling");
            case "RSocket" ->
                Set.of(
                        "connector",
                        "transport",
                        "interceptor",
                        "connectionsPerPod",
                        "maxConnections",
                        "acquireTimeout",
                        "maxWaiting",
                        "connectTimeout",
                        "longStreams",
                        "routes",
                        "countsAsFailure");
            // How long acknowledgements are held and publishers wait is held by the adapter's tests of moves.
            default -> Set.of("serverName", "consumerHandover", "ackHold", "publisherPause", "amqpMetrics");
        };
    }

    // JDBC

    @Test
    void hikari_sets_the_size_and_connections_asks_for_each_pod() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        HikariConfig hikari = new HikariConfig();
        hikari.setMaximumPoolSize(3);
        EvenkeelDataSourceBuilder builder = EvenkeelDataSource.builder()
                .hikari(hikari)
                .connections(JdbcDoor.everywhere(asked::incrementAndGet))
                .target(TWO_PODS);
        try (EvenkeelDataSource dataSource = builder.build()) {
            dataSource.getConnection().close();
            assertThat(dataSource.status().seats()).isEqualTo(3);
            assertThat(asked.get()).isPositive();
        }
    }

    @Test
    void wrap_takes_the_settings_of_a_pool_and_closes_it() throws Exception {
        HikariDataSource wrapped = new HikariDataSource();
        wrapped.setMaximumPoolSize(4);
        EvenkeelDataSourceBuilder builder = EvenkeelDataSource.builder()
                .wrap(wrapped)
                .connections(JdbcDoor.everywhere(() -> {}))
                .target(TWO_PODS);
        try (EvenkeelDataSource dataSource = builder.build()) {
            assertThat(dataSource.status().seats()).isEqualTo(4);
            assertThat(wrapped.isClosed()).isTrue();
        }
    }

    @Test
    void pooling_is_by_the_engine_or_by_hikaricp() throws Exception {
        for (Pooling pooling : Pooling.values()) {
            EvenkeelDataSourceBuilder builder = EvenkeelDataSource.builder()
                    .hikari(new HikariConfig())
                    .connections(JdbcDoor.everywhere(() -> {}))
                    .pooling(pooling)
                    .target(TWO_PODS);
            try (EvenkeelDataSource dataSource = builder.build()) {
                dataSource.getConnection().close();
                assertThat(dataSource.status().open()).isPositive();
            }
        }
    }

    // RSocket

    @Test
    void connections_to_each_pod_and_at_most() {
        CloseableChannel server = RSocketDoor.server();
        EvenkeelRSocketClientBuilder builder =
                new RSocketDoor(server).settings().target("static:///127.0.0.1:1,127.0.0.2:1,127.0.0.3:1");
        try (EvenkeelRSocketClient client =
                builder.connectionsPerPod(2).maxConnections(64).build()) {
            await().atMost(SOON).until(() -> client.status().open() == 6);
        }
        try (EvenkeelRSocketClient client =
                builder.connectionsPerPod(2).maxConnections(3).build()) {
            await().atMost(SOON).until(() -> client.status().open() == 3);
        } finally {
            server.dispose();
        }
    }

    @Test
    void the_connector_makes_every_connection_and_transport_and_interceptor_are_asked_for_it() {
        CloseableChannel server = RSocketDoor.server();
        AtomicInteger intercepted = new AtomicInteger();
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger named = new AtomicInteger();
        RSocketConnector connector = RSocketConnector.create()
                .interceptors(registry -> registry.forConnection((type, connection) -> {
                    intercepted.incrementAndGet();
                    return connection;
                }));
        EvenkeelRSocketClientBuilder builder = EvenkeelRSocketClient.builder()
                .connector(connector)
                .transport(endpoint -> {
                    asked.incrementAndGet();
                    return io.rsocket.transport.netty.client.TcpClientTransport.create(server.address());
                })
                .interceptor((pod, connection) -> {
                    named.incrementAndGet();
                    return connection;
                })
                .target(TWO_PODS);
        try (EvenkeelRSocketClient client = builder.build()) {
            await().atMost(SOON).until(() -> client.status().open() == 2);
            assertThat(intercepted.get()).isPositive();
            assertThat(named.get()).isEqualTo(2);
            assertThat(asked.get()).isPositive();
        } finally {
            server.dispose();
        }
    }

    private static final class NeverConnects implements ClientTransport {
        @Override
        public Mono<DuplexConnection> connect() {
            return Mono.never();
        }

        @Override
        public int maxFrameLength() {
            return 1 << 20;
        }
    }

    @Test
    void time_limits_and_the_length_of_the_queue_are_in_what_is_refused() {
        EvenkeelRSocketClientBuilder builder = EvenkeelRSocketClient.builder()
                .transport(endpoint -> new NeverConnects())
                .target(TWO_PODS)
                .connectTimeout(Duration.ofMillis(123))
                .acquireTimeout(Duration.ofMillis(456));
        try (EvenkeelRSocketClient client = builder.build()) {
            assertThatThrownBy(() -> client.requestResponse(Mono.just(DefaultPayload.create("x")))
                            .block(SOON))
                    .isInstanceOfSatisfying(NoEndpointException.class, refused -> {
                        assertThat(refused).hasMessageContaining("PT0.456S");
                        assertThat(refused.diagnosis()).isNotNull();
                    });
            await().atMost(SOON)
                    .until(() -> client.status().endpoints().stream()
                            .anyMatch(pod ->
                                    pod.lastError() != null && pod.lastError().contains("PT0.123S")));
        }
        try (EvenkeelRSocketClient client = builder.maxWaiting(0).build()) {
            assertThatThrownBy(() -> client.requestResponse(Mono.just(DefaultPayload.create("x")))
                            .block(SOON))
                    .isInstanceOfSatisfying(
                            NoEndpointException.class,
                            refused -> assertThat(refused.reason())
                                    .isEqualTo(NoEndpointException.Reason.TOO_MANY_WAITING));
        }
    }

    @Test
    void a_policy_for_long_streams_ends_them_and_a_route_is_asked_for_where_one_has_a_policy() throws Exception {
        CloseableChannel server = RSocketDoor.server();
        PodFile pods = new PodFile(directory, addresses());
        pods.write(0);
        AtomicInteger asked = new AtomicInteger();
        EvenkeelRSocketClientBuilder builder = new RSocketDoor(server)
                .settings()
                .target(pods.target())
                .watch(WatcherConfig.builder().settle(Duration.ZERO).build())
                .longStreams(LongStreamPolicy.deadline(Duration.ofMillis(50)))
                .longStreams("other", LongStreamPolicy.stick())
                .routes(payload -> {
                    asked.incrementAndGet();
                    return null;
                });
        try (EvenkeelRSocketClient client = builder.build()) {
            AtomicReference<Throwable> end = new AtomicReference<>();
            AtomicInteger elements = new AtomicInteger();
            client.requestStream(Mono.just(DefaultPayload.create("x")))
                    .subscribe(payload -> elements.incrementAndGet(), end::set);
            await().atMost(SOON).until(() -> elements.get() > 0);
            assertThat(asked.get()).isPositive();
            pods.write(1);
            await().atMost(SOON).until(() -> end.get() != null);
            assertThat(end.get()).isInstanceOf(DrainDeadlineException.class);
        } finally {
            server.dispose();
        }
    }

    @Test
    void what_counts_as_a_failure_is_asked_of_errors() {
        CloseableChannel server = RSocketDoor.server();
        AtomicInteger asked = new AtomicInteger();
        EvenkeelRSocketClientBuilder builder = new RSocketDoor(server)
                .settings()
                .target(TWO_PODS)
                .countsAsFailure(error -> {
                    asked.incrementAndGet();
                    return false;
                });
        try (EvenkeelRSocketClient client = builder.build()) {
            assertThatThrownBy(() -> client.requestResponse(Mono.just(DefaultPayload.create("fail")))
                            .block(SOON))
                    .hasMessageContaining("as asked for");
            assertThat(asked.get()).isPositive();
        } finally {
            server.dispose();
        }
    }

    private static List<Endpoint> addresses() {
        List<Endpoint> addresses = new ArrayList<>();
        for (int pod = 1; pod <= 6; pod++) {
            addresses.add(Endpoint.of("127.0.0." + pod, 1));
        }
        return addresses;
    }

    // AMQP

    @Test
    void the_server_name_is_that_of_the_connection() throws Exception {
        try (QpidCluster brokers = QpidCluster.start(1)) {
            EvenkeelConnectionFactory factory = new AmqpDoor(brokers).settings();
            Broker broker = brokers.brokers().get(0);
            factory.setTarget("static:///" + broker.host() + ":" + broker.port());
            factory.setServerName("mq.example");
            factory.setAckHold(Duration.ofMillis(100));
            factory.setPublisherPause(Duration.ofMillis(100));
            try (Connection connection = factory.newConnection()) {
                assertThat(connection.getAddress().getHostName()).isEqualTo("mq.example");
            }
        }
    }

    /** With what is not settled a consumer would stay, by default; a lame duck leaves the old connection behind. */
    @Test
    void a_lame_duck_moves_with_messages_that_are_not_settled_and_the_move_is_recorded() throws Exception {
        try (QpidCluster brokers = QpidCluster.start(6)) {
            List<Endpoint> addresses = new ArrayList<>();
            brokers.brokers().forEach(broker -> addresses.add(broker.endpoint()));
            PodFile pods = new PodFile(directory, addresses);
            pods.write(0);
            AtomicInteger moved = new AtomicInteger();
            EvenkeelConnectionFactory factory = new AmqpDoor(brokers).settings();
            factory.setTarget(pods.target());
            factory.setWatch(WatcherConfig.builder().settle(Duration.ZERO).build());
            factory.setConsumerHandover(ConsumerHandover.LAME_DUCK);
            factory.setAmqpMetrics(new AmqpMetrics() {
                @Override
                public void moved(String pool, EndpointKey from, EndpointKey to, Duration took) {
                    moved.incrementAndGet();
                }
            });
            Connection connection = factory.newConnection();
            try {
                Channel channel = connection.createChannel();
                channel.basicQos(1);
                channel.queueDeclare("jobs", false, false, false, null);
                AtomicInteger delivered = new AtomicInteger();
                DeliverCallback handler = (tag, delivery) -> delivered.incrementAndGet();
                channel.basicConsume("jobs", false, handler, tag -> {});
                channel.basicPublish("", "jobs", null, new byte[] {1});
                await().atMost(SOON).until(() -> delivered.get() == 1);
                pods.write(1);
                await().atMost(SOON).until(() -> moved.get() == 1);
                assertThat(factory.status().connections())
                        .singleElement()
                        .satisfies(status -> assertThat(status.lameDucks()).isOne());
            } finally {
                connection.abort();
            }
        }
    }

    /** What docs/recipes/pod-in-spans.md says of RabbitMQ: the client's spans have the Pod, before a move and after it. */
    @Test
    void an_observation_has_the_address_of_the_broker_that_the_channel_is_at() throws Exception {
        try (QpidCluster brokers = QpidCluster.start(6)) {
            List<Endpoint> addresses = new ArrayList<>();
            brokers.brokers().forEach(broker -> addresses.add(broker.endpoint()));
            PodFile pods = new PodFile(directory, addresses);
            pods.write(0);
            AtomicReference<String> peer = new AtomicReference<>();
            EvenkeelConnectionFactory factory = new AmqpDoor(brokers).settings();
            factory.setTarget(pods.target());
            factory.setWatch(WatcherConfig.builder().settle(Duration.ZERO).build());
            factory.setObservationCollector(noting(peer));
            try (Connection connection = factory.newConnection()) {
                Channel channel = connection.createChannel();
                channel.basicPublish("", "nowhere", null, new byte[] {1});
                assertThat(peer.get()).isEqualTo(addresses.get(0).key().address());
                pods.write(1);
                await().atMost(SOON).until(() -> {
                    channel.basicPublish("", "nowhere", null, new byte[] {1});
                    return peer.get().equals(addresses.get(1).key().address());
                });
            }
        }
    }

    /** By a proxy, since the type of the body differs between versions of the client. */
    private static ObservationCollector noting(AtomicReference<String> peer) {
        return (ObservationCollector) Proxy.newProxyInstance(
                ObservationCollector.class.getClassLoader(),
                new Class<?>[] {ObservationCollector.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("publish")) {
                        ObservationCollector.ConnectionInfo at = (ObservationCollector.ConnectionInfo) arguments[4];
                        peer.set(at.getPeerAddress() + ":" + at.getPeerPort());
                        ((ObservationCollector.PublishCall) arguments[0]).publish((AMQP.BasicProperties) arguments[2]);
                        return null;
                    }
                    return method.invoke(ObservationCollector.NO_OP, arguments);
                });
    }
}
