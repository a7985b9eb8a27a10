package io.evenkeel.demo.grpc;

import io.evenkeel.demo.contest.Stages;
import io.evenkeel.demo.contest.Stages.Stage;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** What happens to a service in 40 s, to every client at the same time. */
final class GrpcShow implements AutoCloseable {
    private static final int PODS = 4;
    private static final int PER_SECOND = 200;
    private static final int STREAMS = 20;
    /** With the next: streams of 10 s, longer than the rolling update. */
    private static final int ELEMENTS = 40;

    private static final int ELEMENT_MILLIS = 250;
    /** Those that are left when one has been drained and one killed. */
    private static final int ROLLED = 3;

    private static final Duration BETWEEN = Duration.ofMillis(1_500);
    private static final Duration SERVICE_TIME = Duration.ofMillis(20);
    private static final Duration WELL_AGAIN = Duration.ofMillis(300);
    private static final long STEADY_AT_MOST = TimeUnit.SECONDS.toNanos(5);
    /** The servers of a busy machine are late with each element. */
    private static final long LATE_AT_MOST = TimeUnit.SECONDS.toNanos(10);

    private final PrintStream out;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final ScheduledThreadPoolExecutor timer = timer();
    private final List<GrpcTrial> trials = new ArrayList<>();

    private GrpcShow(PrintStream out) {
        this.out = out;
    }

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "grpc-pod-timer");
            thread.setDaemon(true);
            return thread;
        });
        // what is still in line at the end is of servers that are gone
        timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        return timer;
    }

    static GrpcShow begin(Path directory, Path hosts, PrintStream out) throws IOException {
        GrpcShow show = new GrpcShow(out);
        try {
            HostsFile names = new HostsFile(hosts);
            for (GrpcContender contender : GrpcContender.values()) {
                show.begin(contender, new GrpcCluster(contender.ordinal(), directory, names, show.loops, show.timer));
            }
            return show;
        } catch (IOException | RuntimeException e) {
            show.close();
            throw e;
        }
    }

    private void begin(GrpcContender contender, GrpcCluster cluster) throws IOException {
        try {
            for (int i = 0; i < PODS; i++) {
                cluster.add(SERVICE_TIME);
            }
        } catch (IOException | RuntimeException e) {
            cluster.close();
            throw e;
        }
        trials.add(new GrpcTrial(contender, cluster, PER_SECOND));
    }

    /** Returns whether Evenkeel kept what is promised of it. */
    boolean play() throws IOException, InterruptedException {
        out.printf("%d Pods of real gRPC servers for each client, %d calls/s on each%n", PODS, PER_SECOND);
        awaitSteady();
        GrpcSummary summary = new GrpcSummary(trials);
        Stages<GrpcTrial> stages = new Stages<>(trials, out);
        summary.noneFails(stages.play("steady", seconds(1), trial -> null));
        summary.slow(stages.play("one 4 x slower", seconds(3), trial -> takes(trial, 4)));
        summary.begunToFail(stages.playFault("one fails in 1 ms, first second", seconds(1), trial -> {
            takes(trial, 1);
            return fails(trial, true);
        }));
        summary.failing(stages.play(
                "one fails in 1 ms, then", seconds(3), trial -> pod(trial, 2).name()));
        addOne(stages, summary);
        summary.drained(stages.playFault("one drained", seconds(1), GrpcShow::drain));
        summary.drained(stages.playFault("it ends", seconds(1), GrpcShow::endDrained));
        summary.killed(stages.playFault("one killed", seconds(2), GrpcShow::kill));
        rollingUpdate(stages, summary);
        for (GrpcTrial trial : trials) {
            trial.finish();
        }
        return summary.print(STREAMS, out);
    }

    /** What the share is later is measured over a second each. */
    private void addOne(Stages<GrpcTrial> stages, GrpcSummary summary) throws IOException, InterruptedException {
        // its last failures are not judged
        stages.play("all well again", WELL_AGAIN, trial -> fails(trial, false));
        Stage<GrpcTrial> added = stages.play(
                "one added",
                seconds(1),
                trial -> trial.cluster().add(SERVICE_TIME).name());
        summary.noneFails(added);
        summary.added(1, stages.play("1 s later", seconds(1), trial -> added.about()));
        summary.noneFails(stages.play("2 s later", seconds(3), trial -> added.about()));
        summary.added(5, stages.play("5 s later", seconds(1), trial -> added.about()));
        summary.noneFails(stages.play("6 s later", seconds(4), trial -> added.about()));
        summary.added(10, stages.play("10 s later", seconds(1), trial -> added.about()));
    }

    private void awaitSteady() throws InterruptedException {
        TimeUnit.SECONDS.sleep(2);
        awaitAtMost(STEADY_AT_MOST, GrpcTrial::isSteady);
    }

    private void awaitAtMost(long nanos, Predicate<GrpcTrial> holds) throws InterruptedException {
        long deadline = System.nanoTime() + nanos;
        while (!trials.stream().allMatch(holds) && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static GrpcPod pod(GrpcTrial trial, int index) {
        return trial.cluster().pod(index);
    }

    private static String takes(GrpcTrial trial, int times) {
        pod(trial, 1).takes(SERVICE_TIME.multipliedBy(times));
        return pod(trial, 1).name();
    }

    private static String fails(GrpcTrial trial, boolean failing) {
        pod(trial, 2).fails(failing);
        return pod(trial, 2).name();
    }

    private static String drain(GrpcTrial trial) throws IOException {
        GrpcPod pod = pod(trial, 0);
        trial.cluster().terminate(pod);
        return pod.name();
    }

    private static String endDrained(GrpcTrial trial) throws IOException {
        GrpcPod pod = pod(trial, 0);
        pod.stop();
        trial.cluster().forget(pod);
        return pod.name();
    }

    /** The control plane doesn't notice yet. */
    private static String kill(GrpcTrial trial) {
        pod(trial, 0).kill();
        return pod(trial, 0).name();
    }

    /** One Pod after the other; an old one terminates, then says goodbye, and serves its streams to their end. */
    private void rollingUpdate(Stages<GrpcTrial> stages, GrpcSummary summary) throws IOException, InterruptedException {
        for (GrpcTrial trial : trials) {
            trial.cluster().forget(pod(trial, 0));
            for (int i = 0; i < STREAMS; i++) {
                trial.stream(ELEMENTS, ELEMENT_MILLIS);
            }
        }
        for (int i = 0; i < ROLLED; i++) {
            summary.rolled(
                    stages.playFault("rolling update, Pod " + (i + 1) + " of " + ROLLED, BETWEEN, GrpcShow::replace));
            for (GrpcTrial trial : trials) {
                GrpcPod old = pod(trial, 0);
                old.stop();
                trial.cluster().forget(old);
            }
        }
        summary.rolled(stages.play("rolling update, streams end", seconds(6), trial -> null));
        awaitAtMost(LATE_AT_MOST, GrpcTrial::streamsEnded);
    }

    private static String replace(GrpcTrial trial) throws IOException {
        GrpcPod old = pod(trial, 0);
        trial.cluster().replace(old, SERVICE_TIME);
        return old.name();
    }

    @Override
    public void close() {
        trials.forEach(GrpcTrial::close);
        timer.shutdownNow();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
