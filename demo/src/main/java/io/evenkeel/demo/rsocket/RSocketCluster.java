package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.endpoint.EndpointCondition;
import io.rsocket.loadbalance.LoadbalanceTarget;
import io.rsocket.transport.netty.client.TcpClientTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.netty.resources.LoopResources;

/**
 * Pods, and the control plane that reports them: to Evenkeel through an endpoint file, to rsocket-java's own load
 * balancer as a list of targets that changes at the same moment. Change it from one thread; anyone may look at the
 * Pods.
 */
public final class RSocketCluster implements AutoCloseable {
    private static final String NETWORK = "127.0.4.";
    private static final int MOST = 64;
    private final LoopbackAddresses addresses;
    private final SplittableRandom random;
    private final LoopResources loops = LoopResources.create("rsocket-pod", 1, 2, true);
    private final ScheduledThreadPoolExecutor timer = timer();
    private final Path directory;
    private final EndpointFile file;
    private final List<RSocketPod> everStarted = new ArrayList<>();
    private final List<RSocketPod> reported = new CopyOnWriteArrayList<>();
    private final Sinks.Many<List<LoadbalanceTarget>> targets =
            Sinks.many().replay().latest();

    private RSocketCluster(LoopbackAddresses addresses, Path directory, long seed) {
        this.addresses = addresses;
        this.directory = directory;
        this.file = EndpointFile.at(directory.resolve("endpoints.json"));
        this.random = new SplittableRandom(seed);
    }

    /**
     * A cluster without Pods.
     *
     * @param seed for the service times
     */
    public static RSocketCluster create(long seed) throws IOException {
        RSocketCluster cluster = new RSocketCluster(
                LoopbackAddresses.find(NETWORK, MOST, 0), Files.createTempDirectory("evenkeel-rsocket-"), seed);
        cluster.publish();
        return cluster;
    }

    /** So many Pods that behave alike and are reported as ready. */
    public static RSocketCluster create(long seed, int size, Behaviour behaviour) throws IOException {
        RSocketCluster cluster = create(seed);
        try {
            for (int i = 0; i < size; i++) {
                cluster.prepare(behaviour, ServerOptions.plain());
            }
            cluster.report();
            return cluster;
        } catch (IOException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "rsocket-pod-timer");
            thread.setDaemon(true);
            return thread;
        });
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        // when the cluster is closed, what is still in line is abandoned
        timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        return timer;
    }

    /** Starts a Pod and reports it as ready. */
    public RSocketPod add(Behaviour behaviour) throws IOException {
        return add(behaviour, ServerOptions.plain());
    }

    public RSocketPod add(Behaviour behaviour, ServerOptions options) throws IOException {
        RSocketPod pod = prepare(behaviour, options);
        report();
        return pod;
    }

    /** Starts a Pod that no client knows of until the next {@link #report}. */
    public RSocketPod prepare(Behaviour behaviour, ServerOptions options) throws IOException {
        RSocketPod pod = new RSocketPod(
                "rsocket-" + everStarted.size(), addresses.next(), behaviour, options, loops, timer, random.split());
        pod.start();
        everStarted.add(pod);
        return pod;
    }

    /** Reports every Pod that runs and was never reported. */
    public void report() throws IOException {
        for (RSocketPod pod : everStarted) {
            if (pod.isRunning() && pod.condition() == EndpointCondition.READY && !reported.contains(pod)) {
                reported.add(pod);
            }
        }
        publish();
    }

    /** The Pod is deleted: no new work for it. It still runs. */
    public void terminate(RSocketPod pod) throws IOException {
        report(pod, EndpointCondition.TERMINATING);
    }

    /** What the readiness probe has found. */
    public void report(RSocketPod pod, EndpointCondition condition) throws IOException {
        pod.isReported(condition);
        publish();
    }

    /** A new Pod is ready and an old one terminates, in one change. */
    public RSocketPod replace(RSocketPod old, Behaviour behaviour) throws IOException {
        RSocketPod replacement = prepare(behaviour, ServerOptions.plain());
        old.isReported(EndpointCondition.TERMINATING);
        report();
        return replacement;
    }

    /**
     * The end of its grace period.
     *
     * @return the requests that were broken off
     */
    public int remove(RSocketPod pod) throws IOException {
        int brokenOff = pod.stop(Duration.ZERO);
        pod.isReported(EndpointCondition.TERMINATING);
        reported.remove(pod);
        publish();
        return brokenOff;
    }

    /** A Pod that was removed leaves nothing behind, and its address may be given to another. */
    void forget(RSocketPod pod) {
        if (everStarted.remove(pod)) {
            addresses.giveBack(pod.address());
        }
    }

    /** Pods that exist, in the order of their creation. */
    public List<RSocketPod> pods() {
        return List.copyOf(reported);
    }

    public RSocketPod pod(int index) {
        return reported.get(index);
    }

    /** What {@code target(…)} of Evenkeel takes. */
    public String target() {
        return file.target();
    }

    /** The Pods that are ready, for {@code LoadbalanceRSocketClient}: now, and after every change. */
    public Flux<List<LoadbalanceTarget>> targets() {
        return targets.asFlux();
    }

    private void publish() throws IOException {
        file.write(reported.stream().map(RSocketPod::endpoint).toList());
        targets.emitNext(
                reported.stream()
                        .filter(pod -> pod.condition() == EndpointCondition.READY)
                        .map(pod ->
                                LoadbalanceTarget.from(pod.name(), TcpClientTransport.create(pod.host(), pod.port())))
                        .toList(),
                Sinks.EmitFailureHandler.FAIL_FAST);
    }

    /** Ends every Pod at once. Close the clients first if their failures matter. */
    @Override
    public void close() {
        everStarted.forEach(pod -> pod.stop(Duration.ZERO));
        timer.shutdownNow();
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block(Duration.ofSeconds(10));
        deleteFiles();
    }

    private void deleteFiles() {
        try {
            Files.deleteIfExists(file.path());
            Files.deleteIfExists(directory);
        } catch (IOException leftBehind) {
            System.err.println("left behind: " + directory + " (" + leftBehind + ")");
        }
    }
}
