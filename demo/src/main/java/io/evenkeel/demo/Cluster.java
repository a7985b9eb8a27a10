package io.evenkeel.demo;

import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.endpoint.EndpointCondition;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The Pods, and the control plane that tells the Service and the endpoint file which of them are ready. The Script
 * calls it from one thread; anyone may look at the Pods.
 */
final class Cluster implements AutoCloseable {
    private final PostgresPods servers;
    private final RandomService service;
    private final EndpointFile file;
    private final List<Pod> pods = new CopyOnWriteArrayList<>();
    private int started;

    private Cluster(PostgresPods servers, RandomService service) {
        this.servers = servers;
        this.service = service;
        this.file = EndpointFile.at(servers.directory().resolve("endpoints.json"));
    }

    static Cluster create(int size, long seed) throws IOException {
        PostgresPods servers = PostgresPods.create();
        try {
            Cluster cluster = new Cluster(servers, RandomService.start(new SplittableRandom(seed)));
            for (int i = 0; i < size; i++) {
                cluster.add();
            }
            return cluster;
        } catch (IOException | RuntimeException e) {
            servers.close();
            throw e;
        }
    }

    /** Starts a Pod and reports it ready. */
    Pod add() throws IOException {
        Pod pod = new Pod(servers.start("pg-" + started++));
        pods.add(pod);
        publish();
        return pod;
    }

    /** The Pod is deleted: no new work for it. It still runs. */
    void terminate(Pod pod) throws IOException {
        pod.happens(Pod.State.TERMINATING);
        pod.isReported(EndpointCondition.TERMINATING);
        publish();
    }

    /** The end of its grace period: connections that are still open are broken off. */
    void remove(Pod pod) throws IOException {
        pod.server().stopFast();
        pod.happens(Pod.State.GONE);
        pods.remove(pod);
        publish();
    }

    /** A Pod that was removed is forgotten with all that it counted, and its address may be given to another. */
    void forget(Pod pod) throws IOException {
        servers.discard(pod.server());
    }

    /** SIGKILL; the control plane has not noticed yet. Returns when its last process had ended. */
    long kill(Pod pod) throws IOException {
        pod.happens(Pod.State.KILLED);
        return pod.server().kill();
    }

    /** The kubelet has noticed. */
    void reportNotReady(Pod pod) throws IOException {
        pod.isReported(EndpointCondition.NOT_READY);
        publish();
    }

    void restart(Pod pod) throws IOException {
        pod.server().start();
        pod.happens(Pod.State.READY);
        pod.isReported(EndpointCondition.READY);
        publish();
    }

    /** SIGSTOP; the control plane doesn't notice, as with a readiness probe that looks every 10 s. */
    void freeze(Pod pod) throws IOException {
        pod.happens(Pod.State.FROZEN);
        pod.server().freeze();
    }

    void resume(Pod pod) throws IOException {
        pod.server().resume();
        pod.happens(Pod.State.READY);
    }

    /** Those that exist, in the order of their creation. */
    List<Pod> pods() {
        return List.copyOf(pods);
    }

    String target() {
        return file.target();
    }

    String serviceHost() {
        return service.host();
    }

    int servicePort() {
        return service.port();
    }

    String password() {
        return servers.password();
    }

    /** Every server there ever was. */
    List<PostgresServer> servers() {
        return servers.servers();
    }

    @Override
    public void close() {
        service.close();
        servers.close();
    }

    private void publish() throws IOException {
        service.route(pods.stream()
                .filter(pod -> pod.condition() == EndpointCondition.READY)
                .map(pod ->
                        new InetSocketAddress(pod.server().host(), pod.server().port()))
                .toList());
        file.write(pods.stream().map(Pod::endpoint).toList());
    }
}
