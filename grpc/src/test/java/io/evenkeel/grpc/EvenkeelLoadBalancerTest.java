package io.evenkeel.grpc;

import static io.evenkeel.grpc.FakeChannel.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.grpc.FakeChannel.FakeSubchannel;
import io.grpc.Attributes;
import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The policy against a channel whose time and connections the test controls. */
class EvenkeelLoadBalancerTest {

    private final FakeChannel channel = new FakeChannel();

    private PickResult pick() {
        return channel.pick();
    }

    private static String podOf(PickResult picked) {
        return ((FakeSubchannel) picked.getSubchannel()).pod();
    }

    /** The Pods of so many calls that all end at once. */
    private Set<String> picked(int calls) {
        Set<String> pods = new TreeSet<>();
        for (int i = 0; i < calls; i++) {
            PickResult picked = pick();
            pods.add(podOf(picked));
            begin(picked).streamClosed(Status.OK);
        }
        return pods;
    }

    private static ClientStreamTracer begin(PickResult picked) {
        ClientStreamTracer tracer = picked.getStreamTracerFactory()
                .newClientStreamTracer(
                        ClientStreamTracer.StreamInfo.newBuilder().build(), new Metadata());
        tracer.streamCreated(Attributes.EMPTY, new Metadata());
        return tracer;
    }

    private void ready(int pods) {
        assertThat(channel.resolve(all(pods)).isOk()).isTrue();
        channel.settle();
        assertThat(channel.state).isEqualTo(ConnectivityState.READY);
        assertThat(picked(20 * pods)).hasSize(pods);
    }

    private static Endpoint[] all(int pods) {
        Endpoint[] all = new Endpoint[pods];
        for (int i = 0; i < pods; i++) {
            all[i] = pod(i);
        }
        return all;
    }

    @Test
    void a_listener_is_never_called_in_the_channels_context() {
        FakeChannel busy = new FakeChannel();
        List<EvenkeelEvent> received = new ArrayList<>();
        busy.settings.listener(received::add);
        busy.holdsEvents = true;
        busy.resolve(pod(0));
        busy.settle();
        busy.context.execute(busy.policy::shutdown);
        assertThat(received).isEmpty();
        busy.heldEvents.forEach(Runnable::run);
        assertThat(received).hasAtLeastOneElementOfType(EvenkeelEvent.ConnectionOpened.class);
        assertThat(busy.eventsEnded).isTrue();
    }

    @Test
    void the_zone_of_the_environment_is_preferred() {
        FakeChannel inZoneB = new FakeChannel(null, 1, Map.of("EVENKEEL_ZONE", "b"));
        Endpoint[] pods = all(6);
        for (int i = 0; i < pods.length; i++) {
            pods[i] = pods[i].withZone(i % 2 == 0 ? "a" : "b");
        }
        inZoneB.resolve(pods);
        inZoneB.settle();
        assertThat(inZoneB.open()).extracting(FakeSubchannel::pod).containsExactlyInAnyOrder("pod-1", "pod-3", "pod-5");
    }

    @Test
    void a_pod_that_leaves_gets_no_call_from_that_moment_and_its_connection_ends_with_its_last() {
        ready(3);
        PickResult held = pick();
        while (!podOf(held).equals("pod-1")) {
            begin(held).streamClosed(Status.OK);
            held = pick();
        }
        ClientStreamTracer call = begin(held);

        // no time passes
        channel.resolve(pod(0), pod(2));
        assertThat(picked(60)).containsExactly("pod-0", "pod-2");
        channel.time.advance(Duration.ofSeconds(10));
        assertThat(channel.open()).extracting(FakeSubchannel::pod).contains("pod-1");

        call.streamClosed(Status.OK);
        channel.time.advance(Duration.ofSeconds(1));
        assertThat(channel.open()).extracting(FakeSubchannel::pod).containsExactlyInAnyOrder("pod-0", "pod-2");
    }

    @Test
    void a_call_that_goes_on_keeps_the_connection_until_the_drain_deadline_and_no_longer() {
        ready(2);
        PickResult held = pick();
        ClientStreamTracer call = begin(held);
        String leaving = podOf(held);
        channel.resolve(pod(leaving.equals("pod-0") ? 1 : 0));
        channel.time.advance(Duration.ofSeconds(29));
        assertThat(channel.open()).extracting(FakeSubchannel::pod).contains(leaving);
        channel.time.advance(Duration.ofSeconds(5));
        assertThat(channel.open()).extracting(FakeSubchannel::pod).doesNotContain(leaving);
        call.streamClosed(Status.OK);
    }

    @Test
    void a_dial_that_never_ends_fails_after_the_connect_timeout_and_another_follows() {
        channel.resolve(pod(0));
        channel.time.advance(Duration.ofSeconds(4));
        assertThat(channel.dials).isEqualTo(1);

        channel.time.advance(Duration.ofSeconds(2));
        assertThat(channel.subchannels.get(0).shutdowns).isEqualTo(1);
        assertThat(channel.state).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(pick().getStatus().getDescription())
                .contains("no connection to " + pod(0).key() + " within PT5S (connectTimeout)");
        channel.time.advance(Duration.ofSeconds(60));
        assertThat(channel.dials).isGreaterThan(1);
        for (int i = 0; i < 60; i++) {
            channel.connectAll();
            channel.time.advance(Duration.ofSeconds(1));
        }
        assertThat(picked(10)).containsExactly("pod-0");
    }

    @Test
    void an_empty_list_is_refused_and_changes_nothing() {
        ready(2);
        assertThat(channel.resolve().getDescription()).endsWith("reported no address");
        channel.time.advance(Duration.ofMinutes(1));
        assertThat(channel.state).isEqualTo(ConnectivityState.READY);
        assertThat(picked(40)).containsExactly("pod-0", "pod-1");
    }

    @Test
    void an_empty_list_before_any_other_fails_calls_with_the_reason() {
        channel.resolve();
        assertThat(channel.state).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(pick().getStatus().getDescription())
                .isEqualTo("the resolver of static:///10.0.0.1:50051 reported no address");
    }

    @Test
    void a_channel_that_leaves_idle_mode_begins_anew() {
        ready(2);
        channel.shutdown();
        FakeChannel again = new FakeChannel();
        assertThat(again.resolve(all(2)).isOk()).isTrue();
        again.settle();
        assertThat(again.open()).extracting(FakeSubchannel::pod).containsExactlyInAnyOrder("pod-0", "pod-1");
        assertThat(channel.open()).isEmpty();
    }
}
