package io.evenkeel.demo.grpc;

import io.evenkeel.demo.EndpointFile;
import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.endpoint.EndpointCondition;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The Pods of one client, and the control plane that reports them: in an endpoint file and under a name. For one
 * thread.
 */
final class GrpcCluster implements AutoCloseable {
    private static final int MOST = 16;

    private final String host;
    private final LoopbackAddresses addresses;
    private final EndpointFile file;
    private final HostsFile names;
    private final EventLoopGroup loops;
    private final ScheduledExecutorService timer;
    private final List<GrpcPod> everStarted = new ArrayList<>();
    private final List<GrpcPod> reported = new ArrayList<>();

    /**
     * Without Pods.
     *
     * @param number distinguishes the clusters of this machine that run at a time
     */
    GrpcCluster(int number, Path directory, HostsFile names, EventLoopGroup loops, ScheduledExecutorService timer)
            throws IOException {
        this.host = "orders-" + number + ".test";
        this.addresses = LoopbackAddresses.find("127.0." + (10 + number) + ".", MOST, 0);
        this.file = EndpointFile.at(directory.resolve(host + ".json"));
        this.names = names;
        this.loops = loops;
        this.timer = timer;
        publish();
    }

    /** What Evenkeel's resolver takes. */
    String fileTarget() {
        return file.target();
    }

    /**
     * What gRPC's own resolver takes; the name of a headless Service, which has the addresses of the Pods that are
     * ready.
     */
    String dnsTarget() {
        return "dns:///" + host + ":" + pod(0).address().getPort();
    }

    GrpcPod pod(int index) {
        return reported.get(index);
    }

    /** Starts a Pod that is reported as ready. */
    GrpcPod add(Duration serviceTime) throws IOException {
        GrpcPod pod = start(serviceTime);
        publish();
        return pod;
    }

    private GrpcPod start(Duration serviceTime) throws IOException {
        GrpcPod pod = new GrpcPod("pod-" + everStarted.size(), addresses.next(), serviceTime, loops, timer);
        everStarted.add(pod);
        reported.add(pod);
        return pod;
    }

    /** The Pod is deleted: no new work for it. It still runs. */
    void terminate(GrpcPod pod) throws IOException {
        pod.isReported(EndpointCondition.TERMINATING);
        publish();
    }

    /** A new Pod is ready and an old one terminates, in one change. */
    void replace(GrpcPod old, Duration serviceTime) throws IOException {
        start(serviceTime);
        terminate(old);
    }

    /** The control plane has noticed that it is gone. */
    void forget(GrpcPod pod) throws IOException {
        reported.remove(pod);
        publish();
    }

    /** At all Pods, since the beginning. */
    int connections() {
        return everStarted.stream().mapToInt(GrpcPod::connections).sum();
    }

    private void publish() throws IOException {
        file.write(reported.stream().map(GrpcPod::endpoint).toList());
        names.set(
                host,
                reported.stream()
                        .filter(pod -> pod.condition() == EndpointCondition.READY)
                        .map(pod -> pod.address().getHostString())
                        .toList());
    }

    @Override
    public void close() {
        everStarted.forEach(GrpcPod::kill);
    }
}
