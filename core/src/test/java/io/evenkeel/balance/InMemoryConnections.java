package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.ManualScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An adapter without a network: Pods that a test makes unreachable, connections that it takes and returns. Counts what a
 * server would count, and fails the test at once where the contract is broken. For the test's thread only.
 */
public final class InMemoryConnections implements EndpointConnections {

    private static final class Pod {
        boolean joined;
        boolean unreachable;
        boolean hangs;

        @Nullable
        Throwable refusal;

        @Nullable
        RuntimeException joinFailure;

        int seats;
        int open;
        int connecting;
        int inUse;
        int moving;
        /** Of those in use, how many are never returned; they are the oldest, and marked first. */
        int stuck;
        /** Marks of connections that are returned some time. */
        final Deque<Consumer<RetireOutcome>> marked = new ArrayDeque<>();
        /** Marks of those that are never returned. */
        final Deque<Consumer<RetireOutcome>> markedStuck = new ArrayDeque<>();

        boolean isStuckUnmarked() {
            return stuck > markedStuck.size();
        }
    }

    private final ManualScheduler scheduler;
    private final EndpointSignals signals;
    private final Map<EndpointKey, Pod> pods = new HashMap<>();
    private Duration dialTime = Duration.ofMillis(20);
    private Set<EndpointKey> routable = Set.of();
    private int opened;
    private int mostAtOnce;
    private int probes;
    private boolean stopped;
    private int postponements;
    private boolean onDemand;
    private boolean overdue;
    private int missedKeeps;
    private boolean reportsTwice;
    /** How many more connections the application wants; no bound unless it asks for each. */
    private int requests = Integer.MAX_VALUE / 2;

    private final List<AssertionError> violations = new ArrayList<>();

    public InMemoryConnections(ManualScheduler scheduler, EndpointSignals signals) {
        this.scheduler = scheduler;
        this.signals = signals;
    }

    private Pod pod(EndpointKey key) {
        return pods.computeIfAbsent(key, any -> new Pod());
    }

    private Pod joined(EndpointKey key) {
        require(!stopped, "a verb after the rebalancer was closed");
        Pod pod = pod(key);
        require(pod.joined, key + " has not joined");
        return pod;
    }

    /** Noted, too, since the rebalancer survives what an adapter throws. */
    private void require(boolean condition, String otherwise) {
        if (!condition) {
            AssertionError violation = new AssertionError(otherwise);
            violations.add(violation);
            throw violation;
        }
    }

    /** Fails if the contract of the verbs was ever broken. */
    public void assertContractKept() {
        if (!violations.isEmpty()) {
            throw violations.get(0);
        }
    }

    @Override
    public void join(Endpoint endpoint) {
        require(!stopped, "a join after the rebalancer was closed");
        RuntimeException failure = pod(endpoint.key()).joinFailure;
        if (failure != null) {
            throw failure;
        }
        pod(endpoint.key()).joined = true;
    }

    @Override
    public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = joined(endpoint);
        Throwable refusal = pod.refusal;
        if (pod.hangs) {
            return;
        }
        if (refusal != null) {
            signals.refused(endpoint, refusal);
            done.accept(new OpenOutcome.Refused(refusal));
            return;
        }
        if (onDemand) {
            pod.seats++;
            done.accept(new OpenOutcome.Opened());
            return;
        }
        if (requests == 0) {
            done.accept(new OpenOutcome.Withdrawn());
            return;
        }
        requests--;
        require(pod.connecting == 0 || overdue, "two dials at once at " + endpoint);
        overdue |= dialTime.compareTo(AdapterVerbs.OPEN) > 0;
        pod.connecting++;
        mostAtOnce = Math.max(mostAtOnce, total());
        scheduler.schedule(dialTime, () -> {
            pod.connecting--;
            if (pod.unreachable) {
                requests++;
                IOException refused = new IOException("connection refused");
                signals.failed(endpoint, refused);
                done.accept(new OpenOutcome.Failed(refused));
            } else {
                pod.seats++;
                connected(endpoint, pod);
                done.accept(new OpenOutcome.Opened());
                if (reportsTwice) {
                    done.accept(new OpenOutcome.Opened());
                }
            }
        });
    }

    @Override
    public void retire(EndpointKey endpoint, RetireReason reason, Consumer<RetireOutcome> done) {
        Pod pod = joined(endpoint);
        if (pod.seats > pod.open) {
            pod.seats--;
            done.accept(new RetireOutcome.Retired());
        } else if (reason == RetireReason.AGE && pod.isStuckUnmarked()) {
            pod.markedStuck.add(done);
        } else if (pod.open > pod.inUse) {
            pod.seats--;
            close(endpoint, pod);
            done.accept(new RetireOutcome.Retired());
            if (reportsTwice) {
                done.accept(new RetireOutcome.Retired());
            }
        } else if (pod.isStuckUnmarked()) {
            pod.markedStuck.add(done);
        } else if (pod.inUse - pod.stuck > pod.marked.size()) {
            pod.marked.add(done);
        } else {
            done.accept(new RetireOutcome.Kept());
        }
    }

    private void connected(EndpointKey endpoint, Pod pod) {
        pod.open++;
        opened++;
        signals.opened(endpoint, dialTime);
    }

    private void close(EndpointKey endpoint, Pod pod) {
        pod.open--;
        require(pod.open >= pod.inUse, "a connection in use was closed at " + endpoint);
        signals.closed(endpoint);
    }

    @Override
    public void keep(EndpointKey endpoint) {
        if (missedKeeps > 0) {
            missedKeeps--;
            return;
        }
        Pod pod = joined(endpoint);
        Consumer<RetireOutcome> done = pod.marked.poll();
        done = done != null ? done : pod.markedStuck.poll();
        if (done != null) {
            done.accept(new RetireOutcome.Kept());
        }
    }

    @Override
    public void move(
            EndpointKey from, EndpointKey to, RetireReason reason, Duration deadline, Consumer<MoveOutcome> done) {
        Pod source = joined(from);
        Pod target = joined(to);
        if (postponements > 0) {
            postponements--;
            done.accept(new MoveOutcome.Postponed("busy", Duration.ofSeconds(3)));
            return;
        }
        if (source.open - source.moving <= 0) {
            done.accept(new MoveOutcome.Postponed("nothing to move", Duration.ofSeconds(1)));
            return;
        }
        source.moving++;
        target.connecting++;
        scheduler.schedule(dialTime, () -> {
            source.moving--;
            target.connecting--;
            if (target.unreachable || source.open == 0) {
                IOException refused = new IOException("connection refused");
                signals.failed(to, refused);
                done.accept(new MoveOutcome.Failed(refused));
            } else {
                target.seats++;
                connected(to, target);
                source.seats--;
                close(from, source);
                done.accept(new MoveOutcome.Moved());
            }
        });
    }

    @Override
    public void route(Set<EndpointKey> endpoints) {
        require(!stopped, "a route after the rebalancer was closed");
        routable = Set.copyOf(endpoints);
    }

    @Override
    public void probe(EndpointKey endpoint, Consumer<OpenOutcome> done) {
        Pod pod = joined(endpoint);
        probes++;
        if (pod.hangs) {
            return;
        }
        scheduler.schedule(
                dialTime,
                () -> done.accept(
                        pod.unreachable
                                ? new OpenOutcome.Failed(new IOException("connection refused"))
                                : new OpenOutcome.Opened()));
    }

    @Override
    public void leave(EndpointKey endpoint) {
        Pod pod = joined(endpoint);
        require(pod.open == 0 && pod.connecting == 0, endpoint + " left with connections");
        pod.joined = false;
    }

    @Override
    public Load load(EndpointKey endpoint) {
        Pod pod = pod(endpoint);
        return new Load(pod.open, pod.connecting, pod.inUse, pod.marked.size() + pod.markedStuck.size());
    }

    // What a test does and sees.

    /** When it can be reached again, what was lost at seats that stayed is replaced. */
    public void unreachable(Endpoint endpoint, boolean value) {
        Pod pod = pod(endpoint.key());
        pod.unreachable = value;
        while (!value && pod.open < pod.seats) {
            connected(endpoint.key(), pod);
        }
    }

    /** It can be reached again; what was lost is replaced only when the rebalancer or a test does it. */
    public void reachable(Endpoint endpoint) {
        pod(endpoint.key()).unreachable = false;
    }

    /** The server drops every connection and is gone. */
    public void crash(Endpoint endpoint) {
        Pod pod = pod(endpoint.key());
        pod.unreachable = true;
        while (pod.open > pod.inUse) {
            close(endpoint.key(), pod);
        }
    }

    /** From now on seats are added without a connection; see {@link #connect}. */
    public void onDemand() {
        onDemand = true;
    }

    /** A caller needs a connection where there is a seat without one. */
    public void connect(Endpoint endpoint) {
        Pod pod = pod(endpoint.key());
        require(pod.open < pod.seats, "no seat without a connection at " + endpoint.key());
        connected(endpoint.key(), pod);
    }

    public int seats(Endpoint endpoint) {
        return pod(endpoint.key()).seats;
    }

    public void dialTime(Duration value) {
        dialTime = value;
    }

    /** The first so many moves that are one verb are postponed. */
    public void postponeMoves(int postponed) {
        postponements = postponed;
    }

    public void acquire(Endpoint endpoint) {
        Pod pod = pod(endpoint.key());
        require(routable.contains(endpoint.key()), endpoint.key() + " is not routable");
        require(pod.inUse < pod.open, "nothing idle at " + endpoint.key());
        pod.inUse++;
    }

    /** A caller takes an idle connection and does not return it before {@link #unstick}. */
    public void stick(Endpoint endpoint) {
        acquire(endpoint);
        pod(endpoint.key()).stuck++;
    }

    /** The caller of {@link #stick} returns its connection; false if there is none. */
    public boolean unstick(Endpoint endpoint) {
        Pod pod = pod(endpoint.key());
        if (pod.stuck == 0) {
            return false;
        }
        pod.stuck--;
        returned(endpoint, pod, pod.markedStuck.poll());
        return true;
    }

    /** The next so many requests to take back a retirement are missed. */
    public void missKeeps(int times) {
        missedKeeps = times;
    }

    /** Opens and probes never complete, until that is taken back. */
    public void hang(Endpoint endpoint, boolean value) {
        pod(endpoint.key()).hangs = value;
    }

    /** The endpoint answers and refuses every open, for a reason that says nothing about its health; null to stop that. */
    public void refuse(Endpoint endpoint, @Nullable Throwable refusal) {
        pod(endpoint.key()).refusal = refusal;
    }

    /** Joining fails, until that is taken back by null. */
    public void failJoin(Endpoint endpoint, @Nullable RuntimeException failure) {
        pod(endpoint.key()).joinFailure = failure;
    }

    /** From now on outcomes are reported twice. */
    public void reportTwice() {
        reportsTwice = true;
    }

    /** The application opens each connection: there are as many as it asks for. */
    public void onRequest() {
        requests = 0;
    }

    /** The application asks for one more. */
    public void request() {
        requests++;
        signals.wanted();
    }

    /** The application closes a connection that it owns; its seat goes with it. */
    public void giveBack(Endpoint endpoint) {
        Pod pod = pod(endpoint.key());
        pod.seats--;
        close(endpoint.key(), pod);
    }

    /** Takes what is idle, everywhere. */
    public void acquireAll() {
        for (EndpointKey key : new HashSet<>(routable)) {
            Pod pod = pod(key);
            pod.inUse = pod.open;
        }
    }

    public boolean release(Endpoint endpoint) {
        Pod pod = pod(endpoint.key());
        if (pod.inUse == pod.stuck) {
            return false;
        }
        returned(endpoint, pod, pod.marked.poll());
        return true;
    }

    private void returned(Endpoint endpoint, Pod pod, @Nullable Consumer<RetireOutcome> mark) {
        pod.inUse--;
        if (mark != null) {
            pod.seats--;
            close(endpoint.key(), pod);
            mark.accept(new RetireOutcome.Retired());
        }
    }

    public int open(Endpoint endpoint) {
        return pod(endpoint.key()).open;
    }

    public int idle(Endpoint endpoint) {
        Pod pod = pod(endpoint.key());
        return pod.open - pod.inUse;
    }

    public Map<String, Integer> openByIdentity() {
        Map<String, Integer> counts = new TreeMap<>();
        pods.forEach((key, pod) -> {
            if (pod.open > 0) {
                counts.put(key.identity(), pod.open);
            }
        });
        return counts;
    }

    /** Connections that the servers see, established or being so. */
    public int total() {
        return pods.values().stream().mapToInt(pod -> pod.open + pod.connecting).sum();
    }

    public int mostAtOnce() {
        return mostAtOnce;
    }

    public void resetMostAtOnce() {
        mostAtOnce = total();
    }

    /** Connections established since the beginning. */
    public int opened() {
        return opened;
    }

    public int probes() {
        return probes;
    }

    public Set<EndpointKey> routable() {
        return routable;
    }

    public boolean isJoined(Endpoint endpoint) {
        return pod(endpoint.key()).joined;
    }

    /** From now on any verb is a failure of the test. */
    public void stopped() {
        stopped = true;
    }
}
