package io.evenkeel.grpc;

import static io.evenkeel.grpc.FakeChannel.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.micrometer.EvenkeelMeter;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.evenkeel.status.EndpointAttributes;
import io.evenkeel.status.PoolStatusMXBean;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.Status;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.management.JMX;
import javax.management.ObjectName;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the outside sees of a channel's pool: every meter, every attribute of its bean, and the events. */
class ShownPoolTest {

    /** gRPC queues calls itself, and shows nobody how many; a caller's time-out is a deadline, which is the call's. */
    private static final Set<EvenkeelMeter> QUEUED_BY_GRPC = EnumSet.of(EvenkeelMeter.WAIT, EvenkeelMeter.TIMEOUTS);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final List<EvenkeelEvent> events = new ArrayList<>();
    /** Two connections, however many Pods there are. */
    private final PolicyBed bed = new PolicyBed(PolicyConfig.parse(Map.of("name", "orders-7", "maxConnections", 2.0)));

    private ObjectName bean;

    @BeforeEach
    void show() throws Exception {
        bean = new ObjectName("io.evenkeel:type=Pool,name=\"orders-7\"");
        EvenkeelMetrics metrics = EvenkeelMetrics.create();
        metrics.bindTo(registry);
        bed.settings.metrics(metrics).listener(events::add).jmx(true);
    }

    @AfterEach
    void the_channel_never_panicked() {
        bed.shutdown();
        bed.time.runDue();
        assertThat(bed.panics).isEmpty();
        assertThat(registry.find(EvenkeelMeter.PODS.meterName()).gauges())
                .as("gauges end with the pool")
                .isEmpty();
        assertThat(ManagementFactory.getPlatformMBeanServer().isRegistered(bean))
                .isFalse();
    }

    private double gauge(EvenkeelMeter meter, String... tags) {
        return registry.get(meter.meterName())
                .tag("pool", "orders-7")
                .tags(tags)
                .gauge()
                .value();
    }

    private double count(EvenkeelMeter meter) {
        return registry.get(meter.meterName()).tag("pool", "orders-7").counter().count();
    }

    private long times(EvenkeelMeter meter, String... tags) {
        return registry.get(meter.meterName())
                .tag("pool", "orders-7")
                .tags(tags)
                .timer()
                .count();
    }

    private PoolStatusMXBean attributes() {
        return JMX.newMXBeanProxy(ManagementFactory.getPlatformMBeanServer(), bean, PoolStatusMXBean.class);
    }

    private ClientStreamTracer begin(Endpoint pod, boolean asStream) {
        for (int i = 0; i < 100; i++) {
            PickResult picked = bed.pick(asStream ? PodServer.WATCH : PodServer.ECHO);
            if (picked.getSubchannel() == bed.to(pod)) {
                return PolicyBed.begin(picked);
            }
        }
        throw new AssertionError("none of 100 picks was " + pod);
    }

    @Test
    void a_pool_in_use_shows_its_connections_its_pods_and_its_calls() {
        bed.serve(pod(0), pod(1));
        begin(pod(0), false);
        begin(pod(1), false).streamClosed(Status.OK);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "in_use")).isEqualTo(1);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "idle")).isEqualTo(1);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "draining")).isZero();
        assertThat(gauge(EvenkeelMeter.CONNECTIONS_MAX)).isEqualTo(2);
        assertThat(gauge(EvenkeelMeter.PODS, "state", "serving")).isEqualTo(2);
        assertThat(gauge(EvenkeelMeter.BALANCE)).isEqualTo(1);
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isZero();
        assertThat(gauge(EvenkeelMeter.SOURCE_STALE)).isZero();
        assertThat(gauge(EvenkeelMeter.SOURCE_AGE)).isEqualTo(60);
        assertThat(times(EvenkeelMeter.CONNECT)).isEqualTo(2);

        PoolStatusMXBean shown = attributes();
        assertThat(shown.getPool()).isEqualTo("orders-7");
        assertThat(shown.getTarget()).isEqualTo("static:///orders:50051");
        assertThat(shown.getSeats()).isEqualTo(2);
        assertThat(shown.getOpen()).isEqualTo(2);
        assertThat(shown.getInUse()).isEqualTo(1);
        assertThat(shown.getIdle()).isEqualTo(1);
        assertThat(shown.getAcquired()).as("calls sent").isEqualTo(2);
        assertThat(shown.getSource()).isEqualTo("HEALTHY");
        assertThat(shown.getSourceRequests()).isEqualTo(1);
        assertThat(shown.getSettings()).containsEntry("drainDeadline", "PT30S");
        assertThat(shown.getEndpoints())
                .extracting(EndpointAttributes::getInUse)
                .containsExactly(1, 0);
    }

    @Test
    void a_dial_under_way_is_shown_as_connecting() {
        bed.resolve(pod(0));
        bed.advance(Duration.ofSeconds(1));
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "connecting")).isEqualTo(1);
        assertThat(attributes().getConnecting()).isEqualTo(1);
        assertThat(gauge(EvenkeelMeter.BALANCE)).as("without any connection").isNaN();
    }

    @Test
    void streams_that_stick_are_counted_from_the_leaving_of_their_pod_to_their_own_end() {
        bed.serve(pod(0), pod(1));
        ClientStreamTracer stream = begin(pod(0), true);
        ClientStreamTracer another = begin(pod(0), true);
        ClientStreamTracer unary = begin(pod(0), false);
        bed.resolve(pod(1));
        bed.advance(Duration.ofSeconds(5));
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isEqualTo(2);
        assertThat(gauge(EvenkeelMeter.CONNECTIONS, "state", "draining")).isEqualTo(1);
        assertThat(gauge(EvenkeelMeter.PODS, "state", "leaving")).isEqualTo(1);

        unary.streamClosed(Status.OK);
        another.streamClosed(Status.OK);
        assertThat(attributes().getStickingStreams()).isEqualTo(1);
        // The deadline passes, and the Pod is known no more; the stream goes on.
        bed.advance(Duration.ofMinutes(2));
        assertThat(attributes().getEndpoints()).hasSize(1);
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isEqualTo(1);
        stream.streamClosed(Status.OK);
        bed.time.runDue();
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isZero();
    }

    @Test
    void a_stream_that_a_server_serves_on_after_its_goodbye_sticks() {
        bed.serve(pod(0), pod(1));
        ClientStreamTracer stream = begin(pod(0), true);
        bed.to(pod(0)).becomes(io.grpc.ConnectivityStateInfo.forNonError(ConnectivityState.IDLE));
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isEqualTo(1);
        stream.streamClosed(Status.OK);
        bed.time.runDue();
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isZero();
    }

    @Test
    void a_stream_whose_pod_stays_after_all_sticks_no_more() {
        bed.serve(pod(0), pod(1));
        begin(pod(0), true);
        bed.resolve(pod(1));
        bed.advance(Duration.ofSeconds(5));
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isEqualTo(1);
        bed.resolve(pod(0), pod(1));
        for (int i = 0; i < 30; i++) {
            bed.all(ConnectivityState.READY);
            bed.advance(Duration.ofSeconds(1));
        }
        assertThat(gauge(EvenkeelMeter.STREAMS_STICKING)).isZero();
    }

    @Test
    void every_documented_meter_that_a_channel_can_have_is_there_and_no_other() {
        live();
        Set<String> expected = new TreeSet<>();
        for (EvenkeelMeter meter : EvenkeelMeter.values()) {
            boolean another =
                    meter.meaning().contains("JDBC only") || meter.meaning().contains("AMQP only");
            if (!another && !QUEUED_BY_GRPC.contains(meter)) {
                expected.add(meter.meterName());
            }
        }
        Set<String> registered = new TreeSet<>();
        registry.getMeters().forEach(meter -> registered.add(meter.getId().getName()));
        assertThat(registered).isEqualTo(expected);
        assertThat(registry.getMeters())
                .extracting(Meter::getId)
                .allSatisfy(id -> assertThat(id.getTag("pool")).isEqualTo("orders-7"));
        assertThat(count(EvenkeelMeter.MOVES))
                .isPositive()
                .isEqualTo(attributes().getMoves());
        assertThat(count(EvenkeelMeter.FAILURES)).isEqualTo(of(EvenkeelEvent.ConnectionFailed.class));
        assertThat(count(EvenkeelMeter.EJECTIONS)).isEqualTo(of(EvenkeelEvent.EndpointEjected.class));
        assertThat(count(EvenkeelMeter.READMISSIONS)).isEqualTo(of(EvenkeelEvent.EndpointReturned.class));
        assertThat(times(EvenkeelMeter.CONNECT)).isEqualTo(of(EvenkeelEvent.ConnectionOpened.class));
        assertThat(times(EvenkeelMeter.DRAINS, "deadline", "met")).isEqualTo(of(EvenkeelEvent.DrainEnded.class));
        assertThat(registry.get(EvenkeelMeter.SOURCE_REQUESTS.meterName())
                        .functionCounter()
                        .count())
                .isEqualTo(attributes().getSourceRequests());
    }

    private long of(Class<? extends EvenkeelEvent> kind) {
        long seen = events.stream().filter(kind::isInstance).count();
        assertThat(seen).as(kind.getSimpleName()).isPositive();
        return seen;
    }

    /** Everything that has a meter: a Pod that can't be reached and returns, one that is added, and one that leaves. */
    private void live() {
        bed.resolve(pod(0), pod(1));
        for (int i = 0; i < 30; i++) {
            bed.all(ConnectivityState.TRANSIENT_FAILURE);
            bed.advance(Duration.ofSeconds(1));
        }
        bed.serve(pod(0), pod(1));
        bed.serve(pod(0), pod(2), pod(3));
        bed.serve(pod(2), pod(3));
    }
}
