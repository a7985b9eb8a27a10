package io.evenkeel.rsocket;

import static io.evenkeel.rsocket.PoolBed.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.rsocket.exceptions.ApplicationErrorException;
import io.rsocket.exceptions.InvalidException;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** How requests spread over Pods, through the whole client, on connections in memory and time that stands still. */
class SpreadTest {

    private static Endpoint weighing(String name, double weight) {
        Endpoint pod = pod(name);
        return new Endpoint(pod.key(), pod.zone(), pod.node(), weight, pod.condition(), pod.hintedZones());
    }

    /** Requests one after another, each answered, or failed by the Pod given; and how many each Pod got of them. */
    private static int[] shares(PoolBed bed, int requests, String failing, Throwable error, String... pods) {
        int[] before = counts(bed, pods);
        for (int i = 0; i < requests; i++) {
            List<FakeRSocket> sockets = List.copyOf(bed.sockets);
            List<Integer> had =
                    sockets.stream().map(socket -> socket.responses.size()).toList();
            bed.ask("x").subscribe(answer -> {}, e -> {});
            for (int j = 0; j < sockets.size(); j++) {
                FakeRSocket socket = sockets.get(j);
                if (socket.responses.size() > had.get(j)) {
                    Sinks.One<io.rsocket.Payload> response = socket.responses.get(socket.responses.size() - 1);
                    bed.pass(Duration.ofMillis(5));
                    if (socket.pod.equals(failing)) {
                        response.tryEmitError(error);
                    } else {
                        response.tryEmitValue(DefaultPayload.create("answer"));
                    }
                }
            }
        }
        int[] shares = counts(bed, pods);
        for (int i = 0; i < shares.length; i++) {
            shares[i] -= before[i];
        }
        return shares;
    }

    private static int[] counts(PoolBed bed, String... pods) {
        int[] counts = new int[pods.length];
        for (int i = 0; i < pods.length; i++) {
            counts[i] = bed.socket(pods[i]).responses.size();
        }
        return counts;
    }

    private static int[] shares(PoolBed bed, int requests, String... pods) {
        return shares(bed, requests, "none", new IllegalStateException(), pods);
    }

    @Test
    void each_pod_has_its_connection_whatever_it_weighs_and_requests_follow_the_weight() {
        PoolBed bed = new PoolBed();
        bed.publish(weighing("a1", 1), weighing("b2", 2), weighing("c3", 3));
        bed.pass(Duration.ofSeconds(10));
        int[] shares = shares(bed, 600, "a1", "b2", "c3");
        assertThat(shares[0]).isBetween(98, 102);
        assertThat(shares[1]).isBetween(198, 202);
        assertThat(shares[2]).isBetween(298, 302);

        bed.publish(weighing("a1", 3), weighing("b2", 2), weighing("c3", 1));
        bed.pass(Duration.ofSeconds(10));
        shares = shares(bed, 600, "a1", "b2", "c3");
        assertThat(shares[0]).as("a weight that changes").isBetween(290, 310);
        assertThat(bed.sockets).as("without another connection").hasSize(3);
    }

    @Test
    void a_pod_that_starts_slowly_is_connected_at_once_and_its_requests_climb() {
        PoolBed bed = new PoolBed(
                settings -> settings.slowStart(Duration.ofSeconds(20)),
                new StreamPolicies(LongStreamPolicy.stick(), Map.of(), payload -> null),
                1,
                32);
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(30));
        bed.publish(pod("a1"), pod("b2"), pod("c3"));
        bed.pass(Duration.ofMillis(100));
        assertThat(bed.isConnected("c3")).isTrue();
        List<Integer> climbing = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            // 5 ms each: 4 s.
            climbing.add(shares(bed, 800, "a1", "b2", "c3")[2]);
        }
        assertThat(climbing).isSorted();
        assertThat(climbing.get(0)).isBetween(20, 100);
        assertThat(shares(bed, 600, "a1", "b2", "c3")[2]).isBetween(195, 205);
    }

    @Test
    void an_error_that_any_pod_would_give_tells_against_none() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(1));
        int[] shares = shares(bed, 400, "a1", new InvalidException("the request"), "a1", "b2");
        assertThat(shares[0]).isBetween(198, 202);
        shares = shares(bed, 400, "a1", new ApplicationErrorException("the Pod"), "a1", "b2");
        assertThat(shares[0]).isLessThan(60);
    }

    @Test
    void what_a_channels_own_input_failed_with_tells_against_no_pod() {
        PoolBed bed = new PoolBed();
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(1));
        for (int i = 0; i < 60; i++) {
            new PodsRSocket(bed.router, null, () -> 1)
                    .requestChannel(Flux.error(new ApplicationErrorException("the application's")))
                    .subscribe(element -> {}, e -> {});
            FakeRSocket a = bed.socket("a1");
            a.streams.forEach(stream -> stream.tryEmitError(new ApplicationErrorException("the application's")));
            bed.socket("b2").streams.forEach(stream -> stream.tryEmitComplete());
        }
        assertThat(shares(bed, 200, "a1", "b2")[0]).isBetween(95, 105);
    }

    @Test
    void a_stream_is_moved_any_number_of_times_and_given_up_after_three_losses() {
        PoolBed bed = new PoolBed(new StreamPolicies(
                LongStreamPolicy.resubscribe(() -> new StreamResumer() {
                    @Override
                    public void delivered(io.rsocket.Payload payload) {}

                    @Override
                    public io.rsocket.Payload resume() {
                        return DefaultPayload.create("again");
                    }
                }),
                Map.of(),
                payload -> null));
        bed.publish(pod("a1"), pod("b2"));
        bed.pass(Duration.ofSeconds(1));
        List<Throwable> errors = new ArrayList<>();
        bed.stream("x").subscribe(element -> {}, errors::add);
        for (int i = 0; i < 8; i++) {
            boolean atA = i % 2 == 0;
            bed.publish(pod(atA ? "b2" : "a1"), PoolBed.leaving(atA ? "a1" : "b2"));
            bed.pass(Duration.ofSeconds(10));
            bed.publish(pod("a1"), pod("b2"));
            bed.pass(Duration.ofSeconds(300));
        }
        assertThat(errors).as("without one element in between").isEmpty();
        for (int i = 0; i < 4; i++) {
            bed.sockets.stream().filter(socket -> !socket.isDisposed()).toList().forEach(FakeRSocket::lose);
            bed.pass(Duration.ofSeconds(60));
        }
        assertThat(errors).singleElement().isInstanceOf(ConnectionLostException.class);
    }
}
