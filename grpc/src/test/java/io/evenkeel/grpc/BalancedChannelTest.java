package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Channels over real servers on loopback. */
@Timeout(120)
class BalancedChannelTest {

    @Test
    void calls_one_after_another_are_spread_evenly() throws Exception {
        try (Bed bed = new Bed(3)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 3);

            assertThat(Bed.shares(channel, 300).values())
                    .allSatisfy(share -> assertThat(share).isBetween(85, 115));
            assertThat(bed.servers)
                    .extracting(server -> server.connections.get())
                    .containsOnly(1);
        }
    }

    @Test
    void a_pod_that_is_added_gets_its_share_and_one_that_leaves_gets_nothing_more_and_no_call_fails() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 2);

            PodServer added = bed.add();
            bed.show(bed.servers.toArray(PodServer[]::new));
            Bed.awaitAnswersOf(channel, 3);
            assertThat(Bed.shares(channel, 300)).containsOnlyKeys("pod-0", "pod-1", "pod-2");

            bed.show(bed.servers.get(0), added);
            Bed.await(() -> !Bed.shares(channel, 20).containsKey("pod-1"));
            int before = bed.servers.get(1).calls.get();
            assertThat(Bed.shares(channel, 100)).containsOnlyKeys("pod-0", "pod-2");
            assertThat(bed.servers.get(1).calls).hasValue(before);
        }
    }

    @Test
    void a_stream_on_a_pod_that_leaves_goes_on_until_it_ends() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 2);
            Iterator<String> leaving = streamFrom(channel, "pod-1");

            bed.show(bed.servers.get(0));
            Bed.await(() -> Bed.shares(channel, 20).size() == 1);
            bed.servers.get(1).streams.forEach(stream -> {
                stream.onNext("later");
                stream.onCompleted();
            });

            assertThat(leaving.next()).isEqualTo("later");
            assertThat(leaving.hasNext()).isFalse();
        }
    }

    /** Begins streams until one is on that Pod. */
    private static Iterator<String> streamFrom(ManagedChannel channel, String pod) {
        for (int i = 0; i < 10; i++) {
            Iterator<String> stream = Bed.watch(channel, CallOptions.DEFAULT);
            if (stream.next().equals(pod)) {
                return stream;
            }
        }
        throw new AssertionError("none of 10 streams came to " + pod);
    }

    @Test
    void a_server_that_says_goodbye_while_it_is_listed_costs_no_call() throws Exception {
        try (Bed bed = new Bed(0)) {
            // Each connection is ended by the server after a second, and the calls on it go on.
            for (int i = 0; i < 2; i++) {
                bed.servers.add(PodServer.start(
                        "pod-" + i,
                        0,
                        builder -> builder.maxConnectionAge(500, TimeUnit.MILLISECONDS)
                                .maxConnectionAgeGrace(5, TimeUnit.SECONDS)));
            }
            bed.show(bed.servers.toArray(PodServer[]::new));
            ManagedChannel channel = bed.channel(settings -> {});

            Bed.await(() -> {
                Bed.echo(channel);
                return bed.servers.stream().allMatch(server -> server.connections.get() >= 3);
            });
        }
    }

    @Test
    void a_pod_that_is_killed_is_left_and_used_again_when_it_is_back() throws Exception {
        try (Bed bed = new Bed(3)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 3);
            PodServer killed = bed.servers.get(1);
            killed.close();
            // A call that is in flight at that moment fails.
            attempt(channel);
            Bed.await(() -> Bed.shares(channel, 30).size() == 2);

            bed.servers.set(1, PodServer.start("pod-1", killed.port, builder -> builder));
            Bed.awaitAnswersOf(channel, 3);
        }
    }

    @Test
    void a_pod_that_fails_at_once_gets_hardly_any_calls() throws Exception {
        try (Bed bed = new Bed(4)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 4);
            PodServer failing = bed.servers.get(2);
            failing.answer = Status.UNAVAILABLE.withDescription("out of order");
            for (int i = 0; i < 200; i++) {
                attempt(channel);
            }
            int before = failing.calls.get();
            for (int i = 0; i < 1_000; i++) {
                attempt(channel);
            }
            assertThat(failing.calls.get() - before).isLessThan(20);
        }
    }

    private static void attempt(ManagedChannel channel) {
        try {
            Bed.echo(channel);
        } catch (io.grpc.StatusRuntimeException refused) {
            assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        }
    }

    @Test
    void without_a_pod_that_can_be_reached_a_call_fails_with_the_pod_and_the_cause() throws Exception {
        try (Bed bed = new Bed(1)) {
            ManagedChannel channel = bed.channel(settings -> settings.name("orders"));
            bed.servers.get(0).close();

            assertThatThrownBy(() -> Bed.echo(channel))
                    .hasMessageContaining("UNAVAILABLE: Pool orders: no connection: ")
                    .hasMessageContaining(
                            "127.0.0.1:" + bed.servers.get(0).endpoint().port());
        }
    }

    @Test
    void while_no_pod_is_known_a_call_fails_with_the_targets_reason_and_one_that_waits_is_served_later()
            throws Exception {
        try (Bed bed = new Bed(0)) {
            ManagedChannel channel = bed.channel(settings -> {});
            assertThatThrownBy(() -> Bed.echo(channel)).hasMessageContaining(bed.target + ": no Pod is known");

            Iterator<String> waiting = Bed.watch(channel, CallOptions.DEFAULT.withWaitForReady());
            bed.show(bed.add());
            assertThat(waiting.next()).isEqualTo("pod-0");
        }
    }

    @Test
    void a_list_that_becomes_empty_keeps_the_pods_that_work() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 2);
            bed.source.set();
            assertThat(Bed.shares(channel, 100)).containsOnlyKeys("pod-0", "pod-1");
        }
    }

    @Test
    void a_channel_that_was_idle_comes_back_on_the_same_watch() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 2);
            channel.enterIdle();
            Bed.await(() -> channel.getState(false) == ConnectivityState.IDLE);

            Bed.awaitAnswersOf(channel, 2);
            assertThat(bed.source.watches()).isEqualTo(1);
        }
    }

    @Test
    void calls_beyond_what_a_connection_may_carry_go_to_others_and_then_wait_for_room() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.register(NettyChannelBuilder.forTarget(bed.target)
                    .usePlaintext()
                    .defaultServiceConfig(Map.of(
                            "loadBalancingConfig",
                            List.of(Map.of(
                                    "evenkeel", Map.of("maxCallsPerConnection", 2.0, "connectionsPerPod", 2.0)))))
                    .build());
            Bed.await(() -> {
                Bed.shares(channel, 8);
                return bed.servers.stream().allMatch(server -> server.connections.get() == 2);
            });
            for (int i = 0; i < 8; i++) {
                assertThat(Bed.watch(channel, CallOptions.DEFAULT).next()).startsWith("pod-");
            }
            assertThat(bed.servers).extracting(server -> server.streams.size()).containsOnly(4);

            var ninth = ClientCalls.futureUnaryCall(channel.newCall(PodServer.ECHO, CallOptions.DEFAULT), "?");
            assertThat(ninth.isDone()).isFalse();
            PodServer one = bed.servers.get(0);
            one.streams.iterator().next().onCompleted();
            assertThat(ninth.get(20, TimeUnit.SECONDS)).isEqualTo("pod-0");
        }
    }

    @Test
    void our_resolver_serves_grpcs_own_round_robin_too() throws Exception {
        try (Bed bed = new Bed(3)) {
            ManagedChannel channel = bed.register(NettyChannelBuilder.forTarget(bed.target)
                    .usePlaintext()
                    .defaultLoadBalancingPolicy("round_robin")
                    .build());
            Bed.awaitAnswersOf(channel, 3);
            bed.show(bed.servers.get(0), bed.servers.get(1));
            Bed.await(() -> Bed.shares(channel, 20).size() == 2);
        }
    }

    @Test
    void our_policy_serves_a_static_target_without_any_code_of_the_application() throws Exception {
        try (Bed bed = new Bed(2)) {
            String target = "static:///127.0.0.1:" + bed.servers.get(0).port + ",127.0.0.1:" + bed.servers.get(1).port;
            ManagedChannel channel = bed.register(NettyChannelBuilder.forTarget(target)
                    .usePlaintext()
                    .defaultLoadBalancingPolicy(EvenkeelLoadBalancerProvider.POLICY)
                    .build());
            Bed.awaitAnswersOf(channel, 2);
        }
    }
}
