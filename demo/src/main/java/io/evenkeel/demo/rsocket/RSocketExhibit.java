package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.ActUnavailableException;
import io.evenkeel.demo.RandomService;
import io.evenkeel.demo.page.Exhibit;
import io.evenkeel.demo.page.PodView;
import io.evenkeel.demo.page.PodView.State;
import io.evenkeel.demo.page.Side;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.rsocket.core.RSocketClient;
import io.rsocket.core.RSocketConnector;
import io.rsocket.transport.netty.client.TcpClientTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Real RSocket servers, plain clients with one connection each through a Service and Evenkeel's over the Pods, for the
 * live page.
 */
public final class RSocketExhibit implements Exhibit {
    private static final int PODS = 3;
    private static final int MOST = 8;
    private static final Behaviour NORMAL = Behaviour.taking(Duration.ofMillis(20));

    private final RSocketCluster cluster;
    private final RandomService service;
    /** Those to which something happened that the control plane doesn't know; by name. */
    private final Map<String, State> struck = new ConcurrentHashMap<>();

    private final List<ClientFleet> fleets = new ArrayList<>();

    private RSocketExhibit(RSocketCluster cluster, RandomService service) {
        this.cluster = cluster;
        this.service = service;
    }

    /** Starts three servers, both fleets and their load. */
    public static RSocketExhibit open() throws ActUnavailableException {
        try {
            long seed = System.nanoTime();
            RSocketExhibit exhibit = new RSocketExhibit(
                    RSocketCluster.create(seed, PODS, NORMAL), RandomService.start(new SplittableRandom(seed)));
            exhibit.route();
            exhibit.begin();
            return exhibit;
        } catch (IOException e) {
            throw new ActUnavailableException(e);
        }
    }

    private void begin() {
        fleets.add(ClientFleet.start(Side.Key.PLAIN, "rsocket-java through a Service", "plain-", this::plain));
        AtomicInteger processes = new AtomicInteger();
        fleets.add(ClientFleet.start(
                Side.Key.EVENKEEL,
                "Evenkeel over the Pods",
                "evenkeel-",
                connector -> evenkeel(connector, "evenkeel-" + processes.getAndIncrement())));
    }

    private RSocketClient plain(RSocketConnector connector) {
        return RSocketClient.from(connector.connect(TcpClientTransport.create(service.host(), service.port())));
    }

    private RSocketClient evenkeel(RSocketConnector connector, String name) {
        return EvenkeelRSocketClient.builder()
                .target(cluster.target())
                .connector(connector)
                .name(name)
                .clientId(name)
                .jmx(false)
                .build();
    }

    /** The control plane has said something: the Service follows. */
    private void route() {
        service.route(cluster.pods().stream()
                .filter(pod -> pod.condition() == EndpointCondition.READY)
                .map(pod -> new InetSocketAddress(pod.host(), pod.port()))
                .toList());
    }

    @Override
    public int most() {
        return MOST;
    }

    @Override
    public String unit() {
        return "requests";
    }

    /** Those that exist, to ask them what they count themselves. */
    public List<RSocketPod> servers() {
        return cluster.pods();
    }

    @Override
    public List<PodView> pods() {
        return cluster.pods().stream()
                .map(pod -> new PodView(pod.name(), state(pod)))
                .toList();
    }

    private State state(RSocketPod pod) {
        State happened = struck.get(pod.name());
        if (happened != null) {
            return happened;
        }
        return pod.condition() == EndpointCondition.READY ? State.READY : State.TERMINATING;
    }

    @Override
    public List<Side> sides() {
        List<RSocketPod> pods = cluster.pods();
        return fleets.stream().map(fleet -> fleet.side(pods)).toList();
    }

    @Override
    public String add() throws IOException {
        String name = cluster.add(NORMAL).name();
        route();
        return name;
    }

    @Override
    public void terminate(String pod) throws IOException {
        cluster.terminate(named(pod));
        route();
    }

    @Override
    public void remove(String pod) throws IOException {
        RSocketPod leaving = named(pod);
        cluster.remove(leaving);
        cluster.forget(leaving);
    }

    @Override
    public void kill(String pod) {
        struck.put(pod, State.KILLED);
        named(pod).kill();
    }

    @Override
    public void reportNotReady(String pod) throws IOException {
        struck.put(pod, State.NOT_READY);
        cluster.report(named(pod), EndpointCondition.NOT_READY);
        route();
    }

    @Override
    public void restart(String pod) throws IOException {
        named(pod).start();
        cluster.report(named(pod), EndpointCondition.READY);
        struck.remove(pod);
        route();
    }

    @Override
    public void freeze(String pod) {
        struck.put(pod, State.FROZEN);
        named(pod).silent(true);
    }

    @Override
    public void resume(String pod) {
        named(pod).silent(false);
        struck.remove(pod);
    }

    private RSocketPod named(String name) {
        return Exhibit.named(name, cluster.pods(), RSocketPod::name);
    }

    @Override
    public void close() {
        fleets.forEach(ClientFleet::close);
        service.close();
        cluster.close();
    }
}
