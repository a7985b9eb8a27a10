package io.evenkeel.demo.amqp.ledger;

import com.rabbitmq.client.Connection;
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
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Our way: an endpoint file says that the broker which has the connections is terminating, and that the other is ready;
 * or, where moves are to be voluntary, that the other is the one for nearly everything.
 */
public final class EvenkeelWay implements Way {
    private static final long MOVE_TIMEOUT_SECONDS = 30;
    private static final double NEARLY_ALL = 1_000;

    private final String label;
    private final List<Broker> brokers;
    private final Path directory;
    private final EndpointFile file;
    private final EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
    private final boolean voluntary;
    private final Moved moved = new Moved();
    private final AtomicInteger connections = new AtomicInteger();
    private int current;

    /** @param settings what is to be set on the factory besides */
    public EvenkeelWay(
            String label,
            BrokerCluster cluster,
            Broker first,
            Broker second,
            Consumer<EvenkeelConnectionFactory> settings)
            throws IOException {
        this(label, cluster, first, second, false, settings);
    }

    /**
     * @param voluntary whether the broker that is left stays, so that a move may be taken back
     * @param settings what is to be set on the factory besides
     */
    public EvenkeelWay(
            String label,
            BrokerCluster cluster,
            Broker first,
            Broker second,
            boolean voluntary,
            Consumer<EvenkeelConnectionFactory> settings)
            throws IOException {
        this.label = label;
        this.voluntary = voluntary;
        brokers = List.of(first, second);
        directory = Files.createTempDirectory("evenkeel-ledger-");
        file = EndpointFile.at(directory.resolve("brokers.json"));
        publish();
        cluster.configure(factory);
        factory.setTarget(file.target());
        factory.setName("ledger");
        factory.setClientId("ledger");
        factory.setMoveWindow(Duration.ZERO);
        factory.setMaxConnectionAge(Duration.ZERO);
        factory.setBalance(balance -> balance.drainSpread(Duration.ZERO).holdDown(Duration.ZERO, Duration.ZERO));
        factory.setWatch(WatcherConfig.builder()
                .settle(Duration.ZERO)
                .settleMax(Duration.ZERO)
                .build());
        // order is judged too, and a publisher that moves before its confirms have come breaks it
        factory.setPublisherPause(Duration.ofSeconds(MOVE_TIMEOUT_SECONDS));
        factory.setAmqpMetrics(moved);
        settings.accept(factory);
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public Connection connect(String name) throws IOException, TimeoutException {
        Connection connection = factory.newConnection(name);
        connections.incrementAndGet();
        return connection;
    }

    @Override
    public Window move() throws IOException, InterruptedException {
        current = 1 - current;
        publish();
        @Nullable Window whole = null;
        for (int i = 0; i < connections.get(); i++) {
            Window one = moved.windows.poll(MOVE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
            if (one == null) {
                throw new IOException("connections moved: " + i + " (expected: " + connections.get() + " within "
                        + MOVE_TIMEOUT_SECONDS + " s); postponed last: " + moved.postponed + "; rolled back "
                        + moved.rolledBack + " times, last: " + moved.reason + "; " + factory.status());
            }
            whole = whole == null ? one : new Window(Math.min(whole.from(), one.from()), one.to());
        }
        if (whole == null) {
            throw new IllegalStateException("connections: 0 (expected: at least 1)");
        }
        return whole;
    }

    /**
     * How long the moves kept each channel from publishing: what {@link LedgerRun#publisherPauses} would be on a
     * machine without any noise.
     */
    public Pauses publisherPauses() {
        return moved.pauses();
    }

    /** How long the moves kept each channel's consumers from getting a message. */
    public Pauses consumerGaps() {
        return moved.gaps();
    }

    /** Moves that were taken back so far. */
    public int rolledBack() {
        return moved.rolledBack.get();
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file.path());
            Files.deleteIfExists(directory);
        } catch (IOException left) {
            System.err.println("left behind: " + directory + " (" + left.getMessage() + ")");
        }
    }

    private void publish() throws IOException {
        Endpoint here = brokers.get(current).endpoint();
        Endpoint there = brokers.get(1 - current).endpoint();
        file.write(
                voluntary
                        ? List.of(here.withWeight(NEARLY_ALL), there)
                        : List.of(here, there.withCondition(EndpointCondition.TERMINATING)));
    }

    private static final class Moved implements AmqpMetrics {
        private final BlockingQueue<Window> windows = new LinkedBlockingQueue<>();
        private final AtomicInteger rolledBack = new AtomicInteger();
        private final Queue<Duration> pauses = new ConcurrentLinkedQueue<>();
        private final Queue<Duration> gaps = new ConcurrentLinkedQueue<>();
        private volatile String reason = "never";
        private volatile String postponed = "never";

        Pauses pauses() {
            return Pauses.of(pauses.stream().mapToLong(Duration::toNanos));
        }

        Pauses gaps() {
            return Pauses.of(gaps.stream().mapToLong(Duration::toNanos));
        }

        @Override
        public void publisherPaused(String pool, Duration pause) {
            pauses.add(pause);
        }

        @Override
        public void consumerGap(String pool, Duration gap) {
            gaps.add(gap);
        }

        @Override
        public void postponed(String pool, EndpointKey from, String why) {
            postponed = why;
        }

        @Override
        public void moved(String pool, EndpointKey from, EndpointKey to, Duration took) {
            long now = System.nanoTime();
            windows.add(new Window(now - took.toNanos(), now));
        }

        @Override
        public void rolledBack(String pool, EndpointKey from, EndpointKey to, String why) {
            reason = why;
            rolledBack.incrementAndGet();
        }
    }
}
