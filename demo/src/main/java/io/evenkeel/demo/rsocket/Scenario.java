package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.contest.Tally;
import io.rsocket.core.RSocketConnector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/**
 * What may happen to a service, played with any contender. Some take half a minute; all figures are of one contender.
 */
public enum Scenario {
    SCALE_OUT("scale-out 3 to 4 under 2,000 req/s", Scenario::scaleOut),
    SCALE_IN("scale-in 4 to 3 under 2,000 req/s", Scenario::scaleIn),
    ROLLING_UPDATE("rolling update of 3, 30 streams of 10 s, 500 req/s", Scenario::rollingUpdate),
    FAILS_FAST("1 of 4 fails in 1 ms, 1,000 req/s", Scenario::failsFast),
    SLOW("1 of 8 is 4 x slower, 60 % load", Scenario::slow),
    KILL("1 of 3 is killed and restarts, 1,000 req/s", Scenario::kill),
    HALF_OPEN("1 of 3 goes silent without FIN, 600 req/s", Scenario::halfOpen),
    LEASES("1 of 3 grants no lease, 1 few, 500 req/s", Scenario::leases);

    /** The names of figures. */
    public static final String FAILED = "failed requests";

    public static final String BROKEN_OFF = "requests broken off when the Pod ended";
    public static final String NEW_SHARE = "the new Pod's share, 1 is fair";
    public static final String STREAMS_COMPLETED = "streams completed, of 30";
    public static final String SHARE_AFTER_A_SECOND = "its part of the requests after 1 s";
    public static final String SHARE_AFTER_RESTART = "its share 5 s after the restart, 1 is fair";
    public static final String STILL_FAILED = "failed after the first 5 s";
    public static final String LEASELESS_SHARE = "its part of the requests";
    public static final String REJECTED = "rejected by a server whose lease had changed or ended meanwhile";
    public static final String SLOW_SHARE = "the slow Pod's part of the answers";
    public static final String P50 = "p50, ms";
    public static final String P95 = "p95, ms";
    public static final String P99 = "p99, ms";

    /** Times of {@link #SLOW}: of the fast Pods, and of the slow one, in milliseconds. */
    public static final double FAST_MILLIS = 20;

    public static final double SLOW_MILLIS = 80;

    private static final Behaviour QUICK = Behaviour.taking(Duration.ofMillis(5));
    private static final Behaviour STEADY = Behaviour.taking(Duration.ofMillis(20));
    private static final int STREAMS = 30;
    private static final int ELEMENTS = 100;
    private static final int ELEMENT_MILLIS = 100;
    private static final long SEED = 20261124;

    private final String title;
    private final Play play;

    Scenario(String title, Play play) {
        this.title = title;
        this.play = play;
    }

    public String title() {
        return title;
    }

    /** Plays it and ends all that it began. */
    public List<Figure> play(Contender contender) throws IOException, InterruptedException {
        return play.with(contender);
    }

    private interface Play {
        List<Figure> with(Contender contender) throws IOException, InterruptedException;
    }

    private static List<Figure> scaleOut(Contender contender) throws IOException, InterruptedException {
        try (Trial trial = Trial.begin(contender, 3, STEADY, 2_000)) {
            Tally during = trial.phase();
            trial.pause(seconds(1));
            RSocketPod added = trial.cluster().add(STEADY);
            trial.pause(seconds(5));
            Tally after = trial.phase();
            trial.pause(seconds(2));
            trial.finish();
            return List.of(
                    trial.failures(),
                    Figure.ratio(NEW_SHARE, 4 * after.share(added.name())),
                    Figure.millis(P99, during.percentile(99)));
        }
    }

    private static List<Figure> scaleIn(Contender contender) throws IOException, InterruptedException {
        try (Trial trial = Trial.begin(contender, 4, STEADY, 2_000)) {
            Tally during = trial.phase();
            trial.pause(seconds(1));
            RSocketPod leaving = trial.cluster().pod(1);
            trial.cluster().terminate(leaving);
            trial.pause(seconds(6));
            int brokenOff = trial.cluster().remove(leaving);
            trial.pause(seconds(1));
            trial.finish();
            return List.of(
                    trial.failures(), Figure.count(BROKEN_OFF, brokenOff), Figure.millis(P99, during.percentile(99)));
        }
    }

    /** Old Pods serve on until their streams are over, as within a grace period of 30 s. */
    private static List<Figure> rollingUpdate(Contender contender) throws IOException, InterruptedException {
        try (Trial trial = Trial.begin(contender, 3, QUICK, 500)) {
            Tally during = trial.phase();
            List<RSocketPod> old = trial.cluster().pods();
            Mono<List<Boolean>> streams = streams(trial);
            streams.subscribe();
            trial.pause(Duration.ofMillis(500));
            for (RSocketPod pod : old) {
                trial.cluster().replace(pod, QUICK);
                trial.pause(seconds(2));
            }
            trial.pause(seconds(6));
            long completed = streams.blockOptional(Duration.ofSeconds(10)).orElseThrow().stream()
                    .filter(whole -> whole)
                    .count();
            int brokenOff = 0;
            for (RSocketPod pod : old) {
                brokenOff += trial.cluster().remove(pod);
            }
            trial.pause(seconds(1));
            trial.finish();
            return List.of(
                    Figure.count(STREAMS_COMPLETED, completed),
                    trial.failures(),
                    Figure.count(BROKEN_OFF, brokenOff),
                    Figure.millis(P99, during.percentile(99)));
        }
    }

    private static Mono<List<Boolean>> streams(Trial trial) {
        List<Mono<Boolean>> streams = IntStream.range(0, STREAMS)
                .mapToObj(i -> trial.stream(ELEMENTS, ELEMENT_MILLIS)
                        .map(count -> count == ELEMENTS)
                        .onErrorReturn(false))
                .toList();
        return Mono.zip(streams, ends -> {
                    List<Boolean> all = new ArrayList<>();
                    for (Object end : ends) {
                        all.add((Boolean) end);
                    }
                    return all;
                })
                .cache();
    }

    private static List<Figure> failsFast(Contender contender) throws IOException, InterruptedException {
        try (Trial trial = Trial.begin(contender, 4, QUICK, 1_000)) {
            RSocketPod failing = trial.cluster().pod(2);
            failing.behave(QUICK.withAnswer(Behaviour.Answer.FAIL_FAST));
            trial.phase();
            trial.pause(seconds(1));
            Map<RSocketPod, Long> before = received(trial);
            trial.pause(seconds(5));
            Map<RSocketPod, Long> after = received(trial);
            trial.finish();
            return List.of(Figure.ratio(SHARE_AFTER_A_SECOND, share(failing, before, after)), trial.failures());
        }
    }

    /**
     * Four workers each, so that seven Pods serve 200/s each and the slow one 50/s; 60 % of what eight fast ones could.
     */
    private static List<Figure> slow(Contender contender) throws IOException, InterruptedException {
        Behaviour even = Behaviour.immediate()
                .withServiceTime(ServiceTime.uniform(Duration.ofMillis(19), Duration.ofMillis(21)))
                .withConcurrency(4);
        RSocketCluster cluster = RSocketCluster.create(SEED, 8, even);
        cluster.pod(3).behave(even.slower(4));
        try (Trial trial = Trial.begin(contender, cluster, RSocketConnector.create(), 960)) {
            Tally tally = trial.phase();
            trial.pause(seconds(12));
            trial.finish();
            return List.of(
                    Figure.millis(P50, tally.percentile(50)),
                    Figure.millis(P95, tally.percentile(95)),
                    Figure.millis(P99, tally.percentile(99)),
                    Figure.ratio(
                            "the slow Pod's part of the answers",
                            tally.share(cluster.pod(3).name())),
                    trial.failures());
        }
    }

    /** The control plane doesn't notice: it looks every 10 s. */
    private static List<Figure> kill(Contender contender) throws IOException, InterruptedException {
        try (Trial trial = Trial.begin(contender, 3, QUICK, 1_000)) {
            trial.phase();
            trial.pause(seconds(1));
            RSocketPod killed = trial.cluster().pod(1);
            killed.kill();
            trial.pause(seconds(1));
            killed.start();
            trial.pause(seconds(5));
            Tally after = trial.phase();
            trial.pause(seconds(2));
            trial.finish();
            return List.of(trial.failures(), Figure.ratio(SHARE_AFTER_RESTART, 3 * after.share(killed.name())));
        }
    }

    /**
     * Its kernel still completes handshakes, so that only RSocket's keepalive can tell; new connections are silent too.
     */
    private static List<Figure> halfOpen(Contender contender) throws IOException, InterruptedException {
        RSocketConnector connector =
                RSocketConnector.create().keepAlive(Duration.ofMillis(500), Duration.ofMillis(2_500));
        try (Trial trial = Trial.begin(contender, RSocketCluster.create(SEED, 3, QUICK), connector, 600)) {
            Tally before = trial.phase();
            trial.pause(seconds(1));
            RSocketPod silenced = trial.cluster().pod(1);
            trial.phase();
            silenced.silent(true);
            trial.pause(seconds(5));
            Tally later = trial.phase();
            trial.pause(seconds(5));
            trial.finish();
            return List.of(
                    trial.failures(),
                    Figure.count(STILL_FAILED, later.failed()),
                    Figure.ratio("its share before, 1 is fair", 3 * before.share(silenced.name())));
        }
    }

    private static List<Figure> leases(Contender contender) throws IOException, InterruptedException {
        RSocketCluster cluster = RSocketCluster.create(SEED);
        Duration valid = Duration.ofMillis(200);
        Duration period = Duration.ofMillis(100);
        RSocketPod leaseless = cluster.prepare(QUICK, granting(0, valid, period));
        // Each of these ends before the next is granted: what is under way when a server grants anew counts as
        // sent under the new lease, which the client can't know, and the server rejects as many of those that
        // come later.
        cluster.prepare(QUICK, granting(10, Duration.ofMillis(60), period));
        cluster.prepare(QUICK, granting(500, valid, period));
        cluster.report();
        RSocketConnector connector = RSocketConnector.create().lease(spec -> spec.maxPendingRequests(0));
        try (Trial trial = Trial.begin(contender, cluster, connector, 500)) {
            Tally tally = trial.phase();
            trial.pause(seconds(5));
            trial.finish();
            return List.of(
                    trial.failures(),
                    Figure.count(REJECTED, tally.failed("RejectedException")),
                    Figure.ratio(LEASELESS_SHARE, tally.share(leaseless.name())));
        }
    }

    private static ServerOptions granting(int requests, Duration timeToLive, Duration period) {
        return ServerOptions.plain().withLeases(new ServerOptions.Leases(requests, timeToLive, period));
    }

    private static Map<RSocketPod, Long> received(Trial trial) {
        return trial.cluster().pods().stream()
                .collect(Collectors.toMap(pod -> pod, pod -> pod.counts().received()));
    }

    private static double share(RSocketPod pod, Map<RSocketPod, Long> before, Map<RSocketPod, Long> after) {
        long all = after.values().stream().mapToLong(count -> count).sum()
                - before.values().stream().mapToLong(count -> count).sum();
        return (after.getOrDefault(pod, 0L) - before.getOrDefault(pod, 0L)) / (double) all;
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(seconds);
    }
}
