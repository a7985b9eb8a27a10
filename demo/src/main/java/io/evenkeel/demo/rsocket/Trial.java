package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.contest.Entrant;
import io.evenkeel.demo.contest.OpenLoad;
import io.evenkeel.demo.contest.Tally;
import io.rsocket.Payload;
import io.rsocket.core.RSocketClient;
import io.rsocket.core.RSocketConnector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;

/** One contender over one cluster, under load. Made, used and closed by one thread. */
final class Trial implements Entrant, AutoCloseable {
    private static final Duration WARM_UP = Duration.ofSeconds(3);
    private static final Duration WARM_UP_AT_MOST = Duration.ofSeconds(30);
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final long SEED = 20261124;

    private final String title;
    private final RSocketCluster cluster;
    private final RSocketClient client;
    private final List<Tally> phases = new ArrayList<>();
    private final OpenLoad load;

    private Trial(String title, RSocketCluster cluster, RSocketClient client, int perSecond) {
        this.title = title;
        this.cluster = cluster;
        this.client = client;
        this.load = OpenLoad.start(new RequestSender(client), perSecond);
    }

    /** So many Pods that behave alike. Returns when the client is connected and the code is compiled, more or less. */
    static Trial begin(Contender contender, int pods, Behaviour behaviour, int perSecond)
            throws IOException, InterruptedException {
        return begin(contender, RSocketCluster.create(SEED, pods, behaviour), RSocketConnector.create(), perSecond);
    }

    /** Takes the cluster over. */
    static Trial begin(Contender contender, RSocketCluster cluster, RSocketConnector connector, int perSecond)
            throws IOException, InterruptedException {
        try {
            Trial trial = new Trial(contender.title(), cluster, contender.client(cluster, connector), perSecond);
            trial.awaitSteady();
            return trial;
        } catch (IOException | InterruptedException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    /** So that the one measured first doesn't pay for loading and compiling the code. */
    static void warmUp(Contender contender) throws IOException, InterruptedException {
        begin(contender, 3, Behaviour.taking(Duration.ofMillis(1)), 500).close();
    }

    /** An overloaded client is never steady; then its figures say so. */
    private void awaitSteady() throws InterruptedException {
        pause(WARM_UP);
        long deadline = System.nanoTime() + WARM_UP_AT_MOST.toNanos();
        while (!load.isSteady() && System.nanoTime() - deadline < 0) {
            pause(Duration.ofMillis(100));
        }
    }

    RSocketCluster cluster() {
        return cluster;
    }

    @Override
    public String title() {
        return title;
    }

    /** Counts anew; the phase's failures are part of {@link #failures}. */
    @Override
    public Tally phase() {
        Tally next = load.nextPhase();
        phases.add(next);
        return next;
    }

    void pause(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }

    /** Ends the load, so that every request is answered or has failed. */
    void finish() throws InterruptedException {
        load.finish(PATIENCE);
    }

    /** Those of all phases; after {@link #finish}. */
    Figure failures() {
        long failed = phases.stream().mapToLong(Tally::failed).sum();
        long issued = phases.stream().mapToLong(Tally::issued).sum();
        String reasons = String.join(
                ", ",
                phases.stream()
                        .map(Tally::reasons)
                        .filter(text -> !text.isEmpty())
                        .toList());
        return Figure.count(Scenario.FAILED, failed, "of " + issued + (reasons.isEmpty() ? "" : ": " + reasons));
    }

    /** Ends with the number of elements when the stream is over, or with its failure. */
    Mono<Long> stream(long count, long periodMillis) {
        return client.requestStream(Mono.fromSupplier(() -> Payloads.stream(count, periodMillis)))
                .doOnNext(Payload::release)
                .count();
    }

    @Override
    public void close() {
        try {
            load.close();
        } finally {
            client.dispose();
            cluster.close();
        }
    }
}
