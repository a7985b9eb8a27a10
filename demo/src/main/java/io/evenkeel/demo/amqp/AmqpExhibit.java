package io.evenkeel.demo.amqp;

import io.evenkeel.demo.ActUnavailableException;
import io.evenkeel.demo.amqp.broker.Broker;
import io.evenkeel.demo.amqp.broker.BrokerCluster;
import io.evenkeel.demo.amqp.broker.QpidCluster;
import io.evenkeel.demo.amqp.ledger.AmqpClient;
import io.evenkeel.demo.amqp.ledger.LedgerPlan;
import io.evenkeel.demo.amqp.ledger.QueueKind;
import io.evenkeel.demo.page.Exhibit;
import io.evenkeel.demo.page.PodView;
import io.evenkeel.demo.page.PodView.State;
import io.evenkeel.demo.page.Side;
import io.evenkeel.endpoint.EndpointCondition;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Embedded AMQP brokers that share their queues, RabbitMQ's own client through a Service and Evenkeel's over the
 * brokers, for the live page.
 */
public final class AmqpExhibit implements Exhibit {
    private static final int PODS = 3;
    private static final int MOST = 6;
    private static final int PROCESSES = 6;
    private static final LedgerPlan EACH = new LedgerPlan(QueueKind.CLASSIC, 1, 50, 50, 1, 256);

    private final BrokerCluster cluster;
    private final BrokerService service;
    private final List<Broker> present = new CopyOnWriteArrayList<>();
    private final Map<String, State> states = new ConcurrentHashMap<>();
    private final List<LedgerFleet> fleets = new ArrayList<>();
    private final List<FleetView> views = new ArrayList<>();

    private AmqpExhibit(BrokerCluster cluster, BrokerService service) {
        this.cluster = cluster;
        this.service = service;
        for (Broker broker : cluster.brokers().subList(0, PODS)) {
            present.add(broker);
            states.put(broker.name(), State.READY);
        }
    }

    /** Starts three brokers, both fleets and their load. */
    public static AmqpExhibit open() throws ActUnavailableException {
        try {
            BrokerCluster cluster = QpidCluster.start(MOST, PODS);
            AmqpExhibit exhibit =
                    new AmqpExhibit(cluster, new BrokerService(cluster.brokers().subList(0, PODS), System.nanoTime()));
            try {
                exhibit.begin();
                return exhibit;
            } catch (IOException | TimeoutException | RuntimeException e) {
                exhibit.close();
                throw e;
            }
        } catch (IOException | TimeoutException e) {
            throw new ActUnavailableException(e);
        }
    }

    private void begin() throws IOException, TimeoutException {
        LedgerFleet plain = start("plain", process -> new PlainProcess(cluster, service));
        views.add(new FleetView(
                Side.Key.PLAIN,
                "RabbitMQ's client through a Service",
                plain,
                connection -> service.brokerOf(connection.getLocalPort())));
        LedgerFleet evenkeel =
                start("evenkeel", process -> new EvenkeelProcess(cluster, service, "process-" + process));
        views.add(new FleetView(
                Side.Key.EVENKEEL,
                "Evenkeel over the brokers",
                evenkeel,
                connection -> new InetSocketAddress(connection.getAddress(), connection.getPort())));
    }

    private LedgerFleet start(String queues, IntFunction<AmqpClient> process) throws IOException, TimeoutException {
        LedgerFleet fleet = LedgerFleet.start(
                queues, IntStream.range(0, PROCESSES).mapToObj(process).toList(), EACH);
        fleets.add(fleet);
        return fleet;
    }

    @Override
    public int most() {
        return MOST;
    }

    @Override
    public String unit() {
        return "messages";
    }

    /** Those that exist, to ask them what they count themselves. */
    public List<Broker> servers() {
        return List.copyOf(present);
    }

    @Override
    public List<PodView> pods() {
        return present.stream()
                .map(broker -> new PodView(broker.name(), states.getOrDefault(broker.name(), State.READY)))
                .toList();
    }

    @Override
    public List<Side> sides() {
        List<Broker> brokers = servers();
        return views.stream().map(view -> view.side(brokers)).toList();
    }

    @Override
    public String add() throws IOException {
        Broker added = cluster.brokers().stream()
                .filter(broker -> !present.contains(broker))
                .findFirst()
                .orElseThrow(() -> new IOException("brokers: " + (MOST + 1) + " (expected: at most " + MOST + ")"));
        added.start();
        change(added, State.READY, EndpointCondition.READY);
        present.add(added);
        return added.name();
    }

    @Override
    public void terminate(String pod) throws IOException {
        change(named(pod), State.TERMINATING, EndpointCondition.TERMINATING);
    }

    @Override
    public void remove(String pod) throws IOException {
        Broker leaving = named(pod);
        leaving.stop();
        service.remove(leaving);
        present.remove(leaving);
    }

    @Override
    public void kill(String pod) throws IOException {
        states.put(pod, State.KILLED);
        named(pod).kill();
    }

    @Override
    public void reportNotReady(String pod) throws IOException {
        change(named(pod), State.NOT_READY, EndpointCondition.NOT_READY);
    }

    @Override
    public void restart(String pod) throws IOException {
        named(pod).start();
        change(named(pod), State.READY, EndpointCondition.READY);
    }

    @Override
    public void freeze(String pod) throws IOException {
        states.put(pod, State.FROZEN);
        named(pod).freeze();
    }

    @Override
    public void resume(String pod) throws IOException {
        named(pod).thaw();
        states.put(pod, State.READY);
    }

    private void change(Broker broker, State state, EndpointCondition condition) throws IOException {
        states.put(broker.name(), state);
        service.report(broker, condition);
    }

    private Broker named(String name) {
        return Exhibit.named(name, present, Broker::name);
    }

    @Override
    public void close() {
        fleets.forEach(LedgerFleet::close);
        try (cluster;
                service) {
            present.clear();
        } catch (IOException leftBehind) {
            System.err.println("brokers: not ended cleanly: " + leftBehind.getMessage());
        }
    }
}
