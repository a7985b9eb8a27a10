package io.evenkeel.demo.amqp;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.impl.NetworkConnection;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.ledger.LedgerRun;
import io.evenkeel.demo.page.Side;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How the client processes of one kind stand, for the live page. A message that was confirmed counts for the broker
 * that its process sends to. Thread-safe.
 */
final class FleetView {
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final Side.Key key;
    private final String title;
    private final LedgerFleet fleet;
    private final Function<NetworkConnection, @Nullable InetSocketAddress> place;

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Count> counts = new ArrayDeque<>();
    private final long[] confirmed;

    /** @param place where a connection leads to, null if that isn't known at the moment */
    FleetView(
            Side.Key key,
            String title,
            LedgerFleet fleet,
            Function<NetworkConnection, @Nullable InetSocketAddress> place) {
        this.key = key;
        this.title = title;
        this.fleet = fleet;
        this.place = place;
        this.confirmed = new long[fleet.runs().size()];
    }

    Side side(List<Broker> brokers) {
        Map<String, Long> answers = count(brokers);
        long all = answers.values().stream().mapToLong(Long::longValue).sum();
        Map<String, Double> shares = new TreeMap<>();
        answers.forEach((broker, count) -> shares.put(broker, count / (double) Math.max(1, all)));
        return new Side(
                key,
                title,
                all * TimeUnit.SECONDS.toNanos(1) / (double) WINDOW_NANOS,
                fleet.report().refused(),
                Double.NaN,
                connections(brokers),
                shares);
    }

    private Map<String, Map<String, Integer>> connections(List<Broker> brokers) {
        Map<String, Map<String, Integer>> found = new TreeMap<>();
        List<LedgerRun> runs = fleet.runs();
        for (int process = 0; process < runs.size(); process++) {
            String name = "process-" + process;
            for (Connection connection :
                    List.of(runs.get(process).sending(), runs.get(process).receiving())) {
                String broker = brokerOf(connection, brokers);
                if (broker != null) {
                    found.computeIfAbsent(broker, unused -> new TreeMap<>()).merge(name, 1, Integer::sum);
                }
            }
        }
        return found;
    }

    private @Nullable String brokerOf(Connection connection, List<Broker> brokers) {
        InetSocketAddress address = connection.isOpen() ? place.apply((NetworkConnection) connection) : null;
        if (address == null) {
            return null;
        }
        return brokers.stream()
                .filter(broker -> broker.port() == address.getPort()
                        && broker.host().equals(address.getAddress().getHostAddress()))
                .map(Broker::name)
                .findFirst()
                .orElse(null);
    }

    /** Confirmed messages of the window by broker. */
    private Map<String, Long> count(List<Broker> brokers) {
        lock.lock();
        try {
            long now = System.nanoTime();
            List<LedgerRun> runs = fleet.runs();
            for (int process = 0; process < runs.size(); process++) {
                long total = runs.get(process).report().confirmed();
                String broker = brokerOf(runs.get(process).sending(), brokers);
                if (broker != null) {
                    counts.addLast(new Count(now, broker, total - confirmed[process]));
                }
                confirmed[process] = total;
            }
            while (!counts.isEmpty() && now - counts.getFirst().at() > WINDOW_NANOS) {
                counts.removeFirst();
            }
            Map<String, Long> answers = new TreeMap<>();
            new ArrayList<>(counts).forEach(count -> answers.merge(count.broker(), count.messages(), Long::sum));
            return answers;
        } finally {
            lock.unlock();
        }
    }

    /** Messages of one process since it was counted before. */
    private record Count(long at, String broker, long messages) {}
}
