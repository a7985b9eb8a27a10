package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.contest.OpenLoad;
import io.evenkeel.demo.contest.Tally;
import io.evenkeel.demo.page.Side;
import io.rsocket.core.RSocketClient;
import io.rsocket.core.RSocketConnector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * The client processes of one kind for the live page, each with a steady load, and how they fared in the last
 * {@value #PHASES} seconds. Thread-safe.
 */
final class ClientFleet implements AutoCloseable {
    private static final int PROCESSES = 6;
    private static final int PER_SECOND = 50;
    private static final int PHASES = 3;
    private static final long PHASE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Side.Key key;
    private final String title;
    private final String prefix;
    private final List<RSocketClient> clients = new ArrayList<>();
    private final List<OpenLoad> loads = new ArrayList<>();

    private final ReentrantLock lock = new ReentrantLock();
    /** The tallies of the whole phases, newest first; then those of the phase that goes on. */
    private final Deque<List<Tally>> phases = new ArrayDeque<>();

    private List<Tally> current = List.of();
    private long currentSince = System.nanoTime();

    private ClientFleet(Side.Key key, String title, String prefix) {
        this.key = key;
        this.title = title;
        this.prefix = prefix;
    }

    /**
     * Connects and begins to send.
     *
     * @param prefix what the names begin with that its processes put into their SETUP frames
     * @param maker makes a client with a connector of its own
     */
    static ClientFleet start(
            Side.Key key, String title, String prefix, Function<RSocketConnector, RSocketClient> maker) {
        ClientFleet fleet = new ClientFleet(key, title, prefix);
        for (int i = 0; i < PROCESSES; i++) {
            String name = prefix + i;
            RSocketClient client =
                    maker.apply(RSocketConnector.create().setupPayload(Mono.fromSupplier(() -> Payloads.text(name))));
            fleet.clients.add(client);
            fleet.loads.add(OpenLoad.start(new RequestSender(client), PER_SECOND));
        }
        fleet.current = fleet.loads.stream().map(OpenLoad::nextPhase).toList();
        return fleet;
    }

    /** How it stands now, with its connections as the Pods count them. */
    Side side(List<RSocketPod> pods) {
        Tally tally = recent();
        Map<String, Double> shares = new TreeMap<>();
        tally.byPod().forEach((pod, count) -> shares.put(pod, count / (double) tally.answered()));
        Map<String, Map<String, Integer>> connections = new TreeMap<>();
        pods.forEach(pod -> connections.put(pod.name(), mine(pod.clientsBySetup())));
        return new Side(
                key,
                title,
                tally.answered() / (double) PHASES,
                loads.stream().mapToLong(OpenLoad::failed).sum(),
                tally.answered() == 0 ? Double.NaN : tally.percentile(99),
                connections,
                shares);
    }

    private Map<String, Integer> mine(Map<String, Integer> bySetup) {
        Map<String, Integer> mine = new TreeMap<>(bySetup);
        mine.keySet().removeIf(name -> !name.startsWith(prefix));
        return mine;
    }

    /** Of the last whole phases, all processes together. */
    private Tally recent() {
        lock.lock();
        try {
            if (System.nanoTime() - currentSince >= PHASE_NANOS) {
                currentSince = System.nanoTime();
                phases.addFirst(current);
                current = loads.stream().map(OpenLoad::nextPhase).toList();
                if (phases.size() > PHASES) {
                    phases.removeLast();
                }
            }
            return Tally.sum(phases.stream().flatMap(List::stream).toList());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        loads.forEach(OpenLoad::close);
        clients.forEach(RSocketClient::dispose);
    }
}
