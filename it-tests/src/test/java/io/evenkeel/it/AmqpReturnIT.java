package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.RabbitBroker;
import io.evenkeel.demo.amqp.broker.RabbitBrokers;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A node that was away is used again soon after it answers, by each of twenty pools that publish: killed without a word
 * of the source, and drained as a Pod of a rolling restart is. A node takes its time to start, so this runs only with
 * {@code -Devenkeel.it.away=2,20}, which says for how many seconds it is away each time.
 */
@RequiresRabbitmq
class AmqpReturnIT {

    private static final int TRIALS = 20;
    private static final int SIZE = 4;
    /** Of two nodes. */
    private static final int SHARE = SIZE / 2;

    private static final String AWAY = System.getProperty("evenkeel.it.away", "");
    /** Far above what is printed, so that a slow machine does not fail it; a probe after 30 s would. */
    private static final Duration SOON = Duration.ofSeconds(15);
    /** The move window of 8 s, and the moves, beside other tests' brokers. */
    private static final Duration SHARE_SOON = Duration.ofSeconds(60);

    @BeforeAll
    static void requireAbsences() {
        String reason = "evenkeel.it.away: not set (expected: seconds such as 2,20, to measure how nodes return)";
        if (AWAY.isEmpty()) {
            System.out.println("skipped: " + reason);
        }
        Assumptions.assumeFalse(AWAY.isEmpty(), reason);
    }

    static Stream<Arguments> absences() {
        String seconds = AWAY.isEmpty() ? "0" : AWAY;
        return Arrays.stream(Absence.values())
                .flatMap(absence -> Arrays.stream(seconds.split(","))
                        .map(away -> Arguments.of(absence, Integer.parseInt(away.strip()))));
    }

    @ParameterizedTest
    @MethodSource("absences")
    void a_node_that_was_away_is_used_within_seconds(Absence absence, int seconds, RabbitBrokers cluster)
            throws Exception {
        RabbitBroker victim = cluster.nodes().get(1);
        ScheduledExecutorService load = Executors.newScheduledThreadPool(TRIALS);
        try (AmqpBed bed = AmqpBed.over(cluster, 2)) {
            // A pool that is asked for its last time while it is closed says nothing about a return.
            bed.onClose(load::shutdownNow);
            List<Pool> pools = new ArrayList<>();
            for (int i = 0; i < TRIALS; i++) {
                Pool pool = Pool.open(bed, "returns-" + i);
                pools.add(pool);
                load.scheduleWithFixedDelay(() -> pool.publish(), 0, 100, TimeUnit.MILLISECONDS);
            }
            await().atMost(SOON).until(() -> pools.stream().allMatch(pool -> pool.hasShareOf(victim)));
            try {
                absence.begin(bed, victim);
                await().pollDelay(Duration.ofSeconds(seconds))
                        .atMost(Duration.ofSeconds(seconds + 30L))
                        .until(() -> true);
                // What was confirmed before it went is of no interest from here on.
                pools.forEach(pool -> pool.watch(victim));
            } finally {
                absence.end(bed, victim);
            }
            long back = System.nanoTime();
            awaitAll(pools, 1, SOON);
            awaitAll(pools, SHARE, SHARE_SOON);
            print(absence + " and away for " + seconds + " s: used again", pools, 0, back);
            print(absence + " and away for " + seconds + " s: its share again", pools, SHARE - 1, back);
            assertThat(bed.moved()).isGreaterThanOrEqualTo(TRIALS * SHARE);
        } finally {
            load.shutdownNow();
        }
    }

    /** Each pool has had messages of so many connections confirmed by the node. */
    private static void awaitAll(List<Pool> pools, int connections, Duration atMost) {
        await().atMost(atMost)
                .pollInterval(Duration.ofMillis(20))
                .untilAsserted(() -> assertThat(pools)
                        .filteredOn(pool -> pool.times().size() < connections)
                        .as("pools without %d connections there", connections)
                        .isEmpty());
    }

    private static void print(String what, List<Pool> pools, int rank, long back) {
        List<Double> took = pools.stream()
                .map(pool -> Math.max(0, (pool.times().get(rank) - back) / 1e9))
                .sorted()
                .toList();
        assertThat(took).hasSize(TRIALS);
        ReturnTimes.print(what, took);
    }

    /** How a node leaves its clients. */
    private enum Absence {
        /** The source says nothing: clients find out by themselves, both times. */
        KILLED {
            @Override
            void begin(AmqpBed bed, RabbitBroker node) throws IOException {
                node.kill();
            }

            @Override
            void end(AmqpBed bed, RabbitBroker node) throws IOException {
                node.start();
            }
        },
        /** As a Pod of a rolling restart: it terminates, is drained, and the source says when it is ready again. */
        DRAINED {
            @Override
            void begin(AmqpBed bed, RabbitBroker node) throws IOException {
                bed.set(node, EndpointCondition.TERMINATING);
                bed.awaitLeft(node, SHARE_SOON);
                node.drain();
                node.stop();
                bed.remove(node);
            }

            @Override
            void end(AmqpBed bed, RabbitBroker node) throws IOException {
                node.start();
                bed.set(node, EndpointCondition.READY);
            }
        };

        abstract void begin(AmqpBed bed, RabbitBroker node) throws IOException;

        /** Returns at the moment from which its clients can know that it is back. */
        abstract void end(AmqpBed bed, RabbitBroker node) throws IOException;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Connections of one application, a channel on each, moved at the pace that is the default. */
    private static final class Pool {
        private static final int CONFIRM_MILLIS = 5_000;

        private final AmqpBed bed;
        private final EvenkeelConnectionFactory factory;
        private final List<Connection> connections = new ArrayList<>();
        private final List<Channel> channels = new ArrayList<>();
        /** By connection: when the broker that is watched for first confirmed a message of it. */
        private final ConcurrentMap<Connection, Long> confirmed = new ConcurrentHashMap<>();

        private volatile String watched = "";
        private volatile @Nullable Exception failure;

        private Pool(AmqpBed bed, EvenkeelConnectionFactory factory) {
            this.bed = bed;
            this.factory = factory;
        }

        static Pool open(AmqpBed bed, String name) throws IOException, TimeoutException {
            EvenkeelConnectionFactory factory = bed.factory(name, name);
            factory.setMoveWindow(Duration.ofSeconds(8));
            factory.setWatch(WatcherConfig.builder().build());
            Pool pool = new Pool(bed, factory);
            for (int i = 0; i < SIZE; i++) {
                Connection connection = bed.open(factory, name + "-" + i);
                Channel channel = connection.createChannel();
                channel.confirmSelect();
                pool.connections.add(connection);
                pool.channels.add(channel);
            }
            return pool;
        }

        boolean hasShareOf(Broker broker) {
            return connections.stream()
                            .filter(connection -> bed.place(connection).equals(broker.name()))
                            .count()
                    == SHARE;
        }

        /** Forgets what was confirmed so far, and notes from now on what this broker confirms. */
        void watch(Broker broker) {
            watched = broker.name();
            confirmed.clear();
        }

        /** One message on each connection, to no queue: the broker confirms that it has dropped it. */
        void publish() {
            for (int i = 0; i < SIZE; i++) {
                Connection connection = connections.get(i);
                try {
                    String before = bed.place(connection);
                    channels.get(i).basicPublish("", "returns", null, new byte[0]);
                    boolean acked = channels.get(i).waitForConfirms(CONFIRM_MILLIS);
                    // Equal before and after, so the message was not one that a move has overtaken.
                    if (acked && before.equals(watched) && bed.place(connection).equals(watched)) {
                        confirmed.putIfAbsent(connection, System.nanoTime());
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return;
                } catch (IOException | TimeoutException | RuntimeException e) {
                    // The connections of the node that was killed: the next message is sent in 100 ms.
                    failure = e;
                }
            }
        }

        @Override
        public String toString() {
            return factory.status().connections() + ", last failure " + failure;
        }

        /** When each connection that came back did, in order. */
        List<Long> times() {
            return confirmed.values().stream().sorted().toList();
        }
    }
}
