package io.evenkeel.demo;

import io.evenkeel.demo.Stage.Event;
import io.evenkeel.demo.Stage.Moves;
import io.evenkeel.endpoint.EndpointCondition;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What happens to the Pods, in order, with {@link ClusterPauses}. */
final class Script {
    private static final Duration STEADY = Duration.ofSeconds(5);
    private static final Duration AFTER_SCALE_OUT = Duration.ofSeconds(16);
    private static final Duration AFTER_ROLLING_UPDATE = Duration.ofSeconds(5);
    private static final Duration AFTER_SCALE_IN = Duration.ofSeconds(3);
    private static final Duration AFTER_RESTART = Duration.ofSeconds(7);
    private static final Duration AFTER_FREEZE = Duration.ofSeconds(5);

    private final Cluster cluster;
    private final Census census;
    private final Screen screen;
    private final List<Stage> stages = new ArrayList<>();
    private @Nullable Event event;

    Script(Cluster cluster, Census census, Screen screen) {
        this.cluster = cluster;
        this.census = census;
        this.screen = screen;
    }

    List<Stage> run() throws IOException, InterruptedException {
        stage(Stage.Name.STEADY, () -> pause(STEADY));
        stage(Stage.Name.SCALE_OUT, this::scaleOut);
        stage(Stage.Name.ROLLING_UPDATE, this::rollingUpdate);
        stage(Stage.Name.SCALE_IN, this::scaleIn);
        stage(Stage.Name.KILL, this::killAndRestart);
        stage(Stage.Name.FREEZE, this::freezeAndResume);
        return List.copyOf(stages);
    }

    private void scaleOut() throws IOException, InterruptedException {
        Pod pod = add();
        event = new Event(pod.name(), System.nanoTime(), held(pod));
        pause(AFTER_SCALE_OUT);
    }

    private void rollingUpdate() throws IOException, InterruptedException {
        for (Pod old : cluster.pods()) {
            add();
            pause(ClusterPauses.TERMINATING_AFTER_READY);
            drain(old);
        }
        pause(AFTER_ROLLING_UPDATE);
    }

    private void scaleIn() throws IOException, InterruptedException {
        List<Pod> pods = cluster.pods();
        drain(pods.get(pods.size() - 1));
        pause(AFTER_SCALE_IN);
    }

    private void killAndRestart() throws IOException, InterruptedException {
        Pod pod = cluster.pods().get(0);
        Map<Kind, Integer> held = held(pod);
        event = new Event(pod.name(), cluster.kill(pod), held);
        screen.say(pod.name() + " is killed with SIGKILL");
        pause(ClusterPauses.NOTICED_AFTER);
        cluster.reportNotReady(pod);
        pause(ClusterPauses.RESTART_AFTER);
        cluster.restart(pod);
        screen.say(pod.name() + " is back");
        pause(AFTER_RESTART);
    }

    private void freezeAndResume() throws IOException, InterruptedException {
        Pod pod = cluster.pods().get(1);
        Map<Kind, Integer> held = held(pod);
        cluster.freeze(pod);
        event = new Event(pod.name(), System.nanoTime(), held);
        screen.say(pod.name() + " is frozen with SIGSTOP");
        pause(ClusterPauses.FROZEN);
        cluster.resume(pod);
        screen.say(pod.name() + " goes on");
        pause(AFTER_FREEZE);
    }

    private Pod add() throws IOException {
        Pod pod = cluster.add();
        census.follow();
        screen.say(pod.name() + " is ready");
        return pod;
    }

    private void drain(Pod pod) throws IOException, InterruptedException {
        cluster.terminate(pod);
        screen.say(pod.name() + " is terminating, " + ClusterPauses.GRACE.toSeconds() + " s of grace");
        pause(ClusterPauses.GRACE);
        cluster.remove(pod);
        screen.say(pod.name() + " is gone");
    }

    private Map<Kind, Integer> held(Pod pod) {
        Map<Kind, Integer> held = new EnumMap<>(Kind.class);
        for (Kind kind : Kind.values()) {
            held.put(kind, census.connections(kind, pod.name()));
        }
        return held;
    }

    private void stage(Stage.Name name, Steps steps) throws IOException, InterruptedException {
        screen.begin(name);
        event = null;
        Counts before = count();
        long from = System.nanoTime();
        steps.run();
        long to = System.nanoTime();
        Counts after = count();
        List<String> ready = cluster.pods().stream()
                .filter(pod -> pod.condition() == EndpointCondition.READY)
                .map(Pod::name)
                .toList();
        Stage stage = new Stage(name, from, to, ready, event, moves(name, before, after));
        stages.add(stage);
        screen.end(stage);
    }

    private Map<Kind, Moves> moves(Stage.Name name, Counts before, Counts after) {
        Map<Kind, Moves> moves = new EnumMap<>(Kind.class);
        Event current = event;
        String reborn = name == Stage.Name.KILL && current != null ? current.pod() : "";
        for (Kind kind : Kind.values()) {
            long made = after.accepted(kind) - before.accepted(kind);
            long least = 0;
            for (Map.Entry<String, Integer> now : after.connections(kind).entrySet()) {
                boolean allNew = now.getKey().endsWith("@" + reborn);
                int had = allNew ? 0 : before.connections(kind).getOrDefault(now.getKey(), 0);
                least += Math.max(0, now.getValue() - had);
            }
            moves.put(kind, new Moves(made, least));
        }
        return moves;
    }

    private Counts count() throws IOException, InterruptedException {
        // the census is as old as its period
        pause(Duration.ofMillis(300));
        Map<Kind, Map<String, Integer>> connections = new HashMap<>();
        Map<Kind, Long> accepted = new HashMap<>();
        for (Kind kind : Kind.values()) {
            connections.put(kind, census.connections(kind));
            accepted.put(kind, census.accepted(kind));
        }
        return new Counts(connections, accepted);
    }

    private static void pause(Duration duration) throws InterruptedException {
        Thread.sleep(duration.toMillis());
    }

    private record Counts(Map<Kind, Map<String, Integer>> byKind, Map<Kind, Long> acceptedByKind) {
        Map<String, Integer> connections(Kind kind) {
            return byKind.getOrDefault(kind, Map.of());
        }

        long accepted(Kind kind) {
            return acceptedByKind.getOrDefault(kind, 0L);
        }
    }

    private interface Steps {
        void run() throws IOException, InterruptedException;
    }
}
