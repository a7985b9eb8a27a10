package io.evenkeel.demo;

import io.evenkeel.demo.page.Exhibit;
import io.evenkeel.demo.page.PodView;
import io.evenkeel.demo.page.Side;
import io.evenkeel.demo.postgres.PostgresServer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** HikariCP through a Service and Evenkeel over the Pods of real PostgreSQL servers, for the live page. */
public final class JdbcExhibit implements Exhibit {
    private static final int PODS = 3;
    private static final int MOST = 8;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final Duration KEPT = Duration.ofSeconds(5);

    private final Cluster cluster;
    private final Census census;
    private final Ledger ledger = new Ledger(KEPT);
    private final List<Fleet> fleets = new ArrayList<>();
    private final List<Load> loads = new ArrayList<>();

    private JdbcExhibit(Cluster cluster) {
        this.cluster = cluster;
        this.census = new Census(cluster);
    }

    /** Starts three servers, both fleets and their load; returns when the connections are being opened. */
    public static JdbcExhibit open() throws ActUnavailableException {
        try {
            JdbcExhibit exhibit = new JdbcExhibit(Cluster.create(PODS, System.nanoTime()));
            try {
                exhibit.begin();
                return exhibit;
            } catch (RuntimeException e) {
                exhibit.close();
                throw e;
            }
        } catch (IOException e) {
            throw new ActUnavailableException(e);
        }
    }

    private void begin() {
        fleets.add(Fleet.plain(cluster));
        fleets.add(Fleet.evenkeel(cluster));
        fleets.forEach(fleet -> loads.add(Load.start(fleet, ledger)));
    }

    /** Those that exist, to ask them what they count themselves. */
    public List<PostgresServer> servers() {
        return cluster.servers();
    }

    @Override
    public int most() {
        return MOST;
    }

    @Override
    public String unit() {
        return "queries";
    }

    @Override
    public List<PodView> pods() {
        List<PodView> views = new ArrayList<>();
        for (Pod pod : cluster.pods()) {
            view(pod.state()).ifPresent(state -> views.add(new PodView(pod.name(), state)));
        }
        return views;
    }

    private static Optional<PodView.State> view(Pod.State state) {
        return switch (state) {
            case READY -> Optional.of(PodView.State.READY);
            case NOT_READY -> Optional.of(PodView.State.NOT_READY);
            case TERMINATING -> Optional.of(PodView.State.TERMINATING);
            case KILLED -> Optional.of(PodView.State.KILLED);
            case FROZEN -> Optional.of(PodView.State.FROZEN);
            case GONE -> Optional.empty();
        };
    }

    @Override
    public List<Side> sides() {
        return List.of(
                side(Kind.PLAIN, Side.Key.PLAIN, "HikariCP through a Service"),
                side(Kind.EVENKEEL, Side.Key.EVENKEEL, "Evenkeel over the Pods"));
    }

    private Side side(Kind kind, Side.Key key, String title) {
        long now = System.nanoTime();
        Slice slice = ledger.between(kind, now - WINDOW_NANOS, now);
        double answered = slice.answered();
        Map<String, Double> shares = slice.byPod().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, count -> count.getValue() / answered));
        return new Side(
                key,
                title,
                answered * TimeUnit.SECONDS.toNanos(1) / WINDOW_NANOS,
                ledger.failed(kind),
                slice.p99Millis(),
                census.byPod(kind),
                shares);
    }

    @Override
    public String add() throws IOException {
        Pod pod = cluster.add();
        census.follow();
        return pod.name();
    }

    @Override
    public void terminate(String pod) throws IOException {
        cluster.terminate(named(pod));
    }

    @Override
    public void remove(String pod) throws IOException {
        Pod leaving = named(pod);
        cluster.remove(leaving);
        cluster.forget(leaving);
    }

    @Override
    public void kill(String pod) throws IOException {
        cluster.kill(named(pod));
    }

    @Override
    public void reportNotReady(String pod) throws IOException {
        cluster.reportNotReady(named(pod));
    }

    @Override
    public void restart(String pod) throws IOException {
        cluster.restart(named(pod));
    }

    @Override
    public void freeze(String pod) throws IOException {
        cluster.freeze(named(pod));
    }

    @Override
    public void resume(String pod) throws IOException {
        cluster.resume(named(pod));
    }

    private Pod named(String name) {
        return Exhibit.named(name, cluster.pods(), Pod::name);
    }

    @Override
    public void close() {
        loads.forEach(Load::close);
        fleets.parallelStream().forEach(Fleet::close);
        census.close();
        cluster.close();
    }
}
