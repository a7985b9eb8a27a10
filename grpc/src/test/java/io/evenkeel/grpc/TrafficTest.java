package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.grpc.Traffic.Failure;
import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls at a steady rate over real servers, while these come, go and fail. */
@Timeout(120)
class TrafficTest {

    private static final int RATE = 2_000;
    /** Far more than any answer takes, so that what fails was failed by a server or by the policy. */
    private static final Duration AMPLE = Duration.ofSeconds(20);

    private static Traffic steady(Bed bed, ManagedChannel channel) {
        Bed.awaitAnswersOf(channel, bed.servers.size());
        return new Traffic(channel, RATE, AMPLE);
    }

    private static void assertNoneFailed(Traffic traffic) {
        assertThat(traffic.failures()).isEmpty();
    }

    @Test
    void pods_that_are_added_and_taken_away_cost_no_call() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.channel(settings -> {});
            try (Traffic traffic = steady(bed, channel)) {
                traffic.goOnFor(RATE);
                for (int i = 0; i < 2; i++) {
                    PodServer added = bed.add();
                    bed.show(bed.servers.toArray(PodServer[]::new));
                    Bed.await(() -> traffic.answeredBy(added) > 0);
                    traffic.goOnFor(RATE);
                }
                List<PodServer> listed = new ArrayList<>(bed.servers);
                for (int i = 0; i < 2; i++) {
                    PodServer leaving = listed.remove(0);
                    bed.show(listed.toArray(PodServer[]::new));
                    leaving.stop();
                    Bed.await(leaving.server::isTerminated);
                    traffic.goOnFor(RATE);
                }
                traffic.finish("2 Pods added and 2 taken away");
                assertNoneFailed(traffic);
            }
        }
    }

    @Test
    void a_rolling_update_costs_no_call_and_no_stream() throws Exception {
        int streams = 12;
        int elements = 100;
        try (Bed bed = new Bed(3)) {
            ManagedChannel channel = bed.channel(settings -> {});
            try (Traffic traffic = steady(bed, channel)) {
                List<Ticks> ticks = new ArrayList<>();
                for (int i = 0; i < streams; i++) {
                    ticks.add(Ticks.begin(channel, elements, 100));
                }
                Bed.await(() -> ticks.stream().allMatch(one -> one.received.get() > 0));
                List<PodServer> listed = new ArrayList<>(bed.servers);
                for (PodServer old : List.copyOf(listed)) {
                    PodServer added = bed.add();
                    listed.set(listed.indexOf(old), added);
                    bed.show(listed.toArray(PodServer[]::new));
                    old.stop();
                    Bed.await(() -> traffic.answeredBy(added) > 0);
                    traffic.goOnFor(RATE);
                }
                Bed.await(() -> ticks.stream().allMatch(one -> one.end != null));
                traffic.finish("rolling update of 3, " + streams + " streams of 10 s over it");
                assertNoneFailed(traffic);
                assertThat(ticks).allSatisfy(one -> {
                    assertThat(one.end.getCode()).isEqualTo(Status.Code.OK);
                    assertThat(one.received).hasValue(elements);
                });
            }
        }
    }

    /** A server stream, and how it ended. */
    private static final class Ticks implements StreamObserver<String> {
        final AtomicInteger received = new AtomicInteger();
        volatile Status end;

        static Ticks begin(ManagedChannel channel, int count, int millis) {
            Ticks ticks = new Ticks();
            ClientCalls.asyncServerStreamingCall(
                    channel.newCall(PodServer.TICK, CallOptions.DEFAULT), count + "@" + millis, ticks);
            return ticks;
        }

        @Override
        public void onNext(String pod) {
            received.incrementAndGet();
        }

        @Override
        public void onError(Throwable failure) {
            end = Status.fromThrowable(failure);
        }

        @Override
        public void onCompleted() {
            end = Status.OK;
        }
    }

    @Test
    void connections_that_the_servers_end_by_age_cost_no_call() throws Exception {
        try (Bed bed = new Bed(0)) {
            for (int i = 0; i < 3; i++) {
                bed.servers.add(PodServer.start(
                        "pod-" + i,
                        0,
                        builder -> builder.maxConnectionAge(300, TimeUnit.MILLISECONDS)
                                .maxConnectionAgeGrace(20, TimeUnit.SECONDS)));
            }
            bed.show(bed.servers.toArray(PodServer[]::new));
            ManagedChannel channel = bed.channel(settings -> {});
            try (Traffic traffic = new Traffic(channel, RATE, AMPLE)) {
                Bed.await(() -> bed.servers.stream().allMatch(server -> server.connections.get() >= 5));
                traffic.finish("maxConnectionAge of 300 ms at the servers");
                assertNoneFailed(traffic);
            }
        }
    }

    @Test
    void a_server_that_shuts_down_while_it_is_listed_costs_no_call() throws Exception {
        try (Bed bed = new Bed(3)) {
            ManagedChannel channel = bed.channel(settings -> {});
            try (Traffic traffic = steady(bed, channel)) {
                traffic.goOnFor(RATE);
                PodServer ending = bed.servers.get(1);
                ending.stop();
                Bed.await(ending.server::isTerminated);
                traffic.goOnFor(2 * RATE);
                traffic.finish("a server shuts down while it is listed");
                assertNoneFailed(traffic);
            }
        }
    }

    @Test
    void a_server_that_is_killed_costs_what_was_in_flight_to_it_and_nothing_after() throws Exception {
        Queue<EvenkeelEvent> events = new ConcurrentLinkedQueue<>();
        try (Bed bed = new Bed(3)) {
            ManagedChannel channel = bed.channel(settings -> settings.listener(events::add));
            try (Traffic traffic = steady(bed, channel)) {
                traffic.goOnFor(RATE);
                PodServer killed = bed.servers.get(1);
                killed.close();
                // The dial that replaces the connection was refused, so it is out of the picker since before that.
                Bed.await(() -> events.stream().anyMatch(event -> event instanceof EvenkeelEvent.ConnectionFailed));
                long known = traffic.begun();
                traffic.goOnFor(2 * RATE);

                bed.servers.set(1, PodServer.start("pod-1", killed.port, builder -> builder));
                long before = traffic.answeredBy(killed);
                Bed.await(() -> traffic.answeredBy(killed) > before);
                traffic.goOnFor(RATE);
                traffic.finish("a server is killed, and started again");
                assertThat(traffic.failures()).allSatisfy(failure -> {
                    assertThat(failure.call()).isLessThanOrEqualTo(known);
                    assertThat(failure.status().getCode()).isIn(Status.Code.UNAVAILABLE, Status.Code.CANCELLED);
                });
            }
        }
    }

    @Test
    void a_server_that_freezes_gets_few_calls_and_its_share_again_afterwards() throws Exception {
        try (Bed bed = new Bed(3)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Bed.awaitAnswersOf(channel, 3);
            PodServer frozen = bed.servers.get(1);
            try (Traffic traffic = new Traffic(channel, RATE, Duration.ofSeconds(2))) {
                traffic.goOnFor(RATE);
                long healthy = traffic.begun();
                frozen.freeze();
                traffic.goOnFor(5 * RATE);
                long last = traffic.begun();
                frozen.thaw();
                long before = traffic.answeredBy(frozen);
                Bed.await(() -> traffic.answeredBy(frozen) > before + RATE / 5);
                traffic.finish("a server freezes for 5 s, calls have 2 s");
                List<Failure> failures = traffic.failures();
                assertThat(failures)
                        .allSatisfy(failure ->
                                assertThat(failure.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED));
                // A third would be its share.
                assertThat(failures.size()).isLessThan((int) (last - healthy) / 10);
            }
        }
    }

    /** The kernel accepts, and no process reads. */
    @Test
    void a_pod_that_accepts_and_never_answers_holds_up_nothing() throws Exception {
        try (Bed bed = new Bed(2);
                ServerSocket mute = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            bed.source.set(
                    bed.servers.get(0).endpoint(),
                    mute(mute),
                    bed.servers.get(1).endpoint());
            Queue<EvenkeelEvent> events = new ConcurrentLinkedQueue<>();
            ManagedChannel channel = bed.register(policy(bed, "0.5s", events::add));
            Bed.awaitAnswersOf(channel, 2);
            Bed.await(() -> events.stream()
                    .anyMatch(event -> event instanceof EvenkeelEvent.ConnectionFailed failed
                            && failed.endpoint().identity().equals("mute")));
            try (Traffic traffic = new Traffic(channel, RATE, AMPLE)) {
                traffic.goOnFor(RATE);
                // Whatever waits for the mute one, Pods come and go meanwhile.
                PodServer added = bed.add();
                bed.source.set(bed.servers.get(0).endpoint(), mute(mute), added.endpoint());
                Bed.await(() -> traffic.answeredBy(added) > 0);
                traffic.goOnFor(RATE);
                traffic.finish("a Pod accepts and never answers");
                assertNoneFailed(traffic);
            }
        }
    }

    @Test
    void without_another_pod_a_call_fails_with_what_it_waited_for() throws Exception {
        try (Bed bed = new Bed(0);
                ServerSocket mute = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
            bed.source.set(mute(mute));
            ManagedChannel channel = bed.register(policy(bed, "0.2s", event -> {}));
            channel.getState(true);
            Bed.await(() -> channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE);
            assertThatThrownBy(() -> Bed.echo(channel))
                    .hasMessageStartingWith("UNAVAILABLE: Pool ")
                    .hasMessageContaining("127.0.0.1:" + mute.getLocalPort())
                    .hasMessageContaining("connectTimeout");
        }
    }

    private static Endpoint mute(ServerSocket socket) {
        return Endpoint.of("mute", "127.0.0.1", socket.getLocalPort());
    }

    private static ManagedChannel policy(Bed bed, String connectTimeout, EvenkeelListener listener) {
        return EvenkeelGrpc.balance(
                        NettyChannelBuilder.forTarget(bed.target).usePlaintext(),
                        settings -> settings.jmx(false).listener(listener))
                .defaultServiceConfig(Map.of(
                        "loadBalancingConfig",
                        List.of(Map.of("evenkeel", Map.of("connectTimeout", connectTimeout, "moveWindow", "0s")))))
                .build();
    }
}
