package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ClientStreamTracer;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.Status;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the policy tells the channel, and what it leaves behind, on a clock that the test moves. */
class PolicyLifecycleTest {

    private final PolicyBed bed = new PolicyBed();

    @AfterEach
    void the_channel_never_panicked() {
        assertThat(bed.panics).isEmpty();
    }

    /** Where a channel can be when it is shut down, or falls idle, which is the same to a policy. */
    private enum Phase {
        NEW(bed -> {}),
        WITHOUT_PODS(bed -> bed.fail(Status.UNAVAILABLE.withDescription("no source"))),
        DIALLING(bed -> {
            bed.resolve(PolicyBed.pod(0), PolicyBed.pod(1));
            bed.advance(Duration.ofSeconds(5));
        }),
        FAILING(bed -> {
            bed.resolve(PolicyBed.pod(0));
            bed.advance(Duration.ofSeconds(5));
            bed.all(ConnectivityState.TRANSIENT_FAILURE);
        }),
        SERVING(bed -> bed.serve(PolicyBed.pod(0), PolicyBed.pod(1))),
        DRAINING(bed -> {
            bed.serve(PolicyBed.pod(0), PolicyBed.pod(1));
            beginOneOnEach(bed);
            bed.resolve(PolicyBed.pod(1));
            bed.advance(Duration.ofSeconds(10));
        }),
        LOST(bed -> {
            bed.serve(PolicyBed.pod(0), PolicyBed.pod(1));
            bed.all(ConnectivityState.IDLE);
        });

        private final Consumer<PolicyBed> reach;

        Phase(Consumer<PolicyBed> reach) {
            this.reach = reach;
        }
    }

    private static void beginOneOnEach(PolicyBed bed) {
        for (int i = 0; i < 20; i++) {
            PolicyBed.begin(bed.pick());
        }
    }

    @ParameterizedTest
    @EnumSource(Phase.class)
    void after_shutdown_no_subchannel_timer_or_report_is_left(Phase phase) {
        phase.reach.accept(bed);
        bed.shutdown();
        int updates = bed.updates;
        int dialled = bed.subchannels.size();

        assertThat(bed.subchannels)
                .allSatisfy(subchannel -> assertThat(subchannel.shutdowns).isEqualTo(1));
        bed.advance(Duration.ofHours(1));
        assertThat(bed.time.pending()).isEmpty();
        assertThat(bed.subchannels).hasSize(dialled);
        assertThat(bed.updates).isEqualTo(updates);
    }

    @Test
    void an_empty_list_is_refused_and_takes_no_pod_away() {
        bed.serve(PolicyBed.pod(0), PolicyBed.pod(1));

        assertThat(bed.resolve().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        bed.advance(Duration.ofMinutes(5));
        assertThat(bed.state).isEqualTo(ConnectivityState.READY);
        assertThat(bed.picked(20)).containsExactly("10.0.0.1", "10.0.0.2");
    }

    @Test
    void an_empty_list_before_any_pod_fails_calls_with_the_target() {
        assertThat(bed.resolve().isOk()).isFalse();

        assertThat(bed.state).isEqualTo(ConnectivityState.TRANSIENT_FAILURE);
        assertThat(bed.pick().getStatus().getDescription()).contains("static:///orders:50051");
    }

    @Test
    void a_pod_that_leaves_is_picked_no_more_without_time_passing() {
        bed.serve(PolicyBed.pod(0), PolicyBed.pod(1));
        assertThat(bed.picked(20)).containsExactly("10.0.0.1", "10.0.0.2");

        bed.resolve(PolicyBed.pod(1));
        bed.time.runDue();
        assertThat(bed.picked(20)).containsExactly("10.0.0.2");
    }

    @Test
    void the_subchannel_of_a_pod_that_left_is_shut_down_when_its_last_call_has_ended() {
        bed.serve(PolicyBed.pod(0), PolicyBed.pod(1));
        PickResult picked = bed.pick();
        while (picked.getSubchannel() != bed.to(PolicyBed.pod(0))) {
            picked = bed.pick();
        }
        ClientStreamTracer call = PolicyBed.begin(picked);
        bed.resolve(PolicyBed.pod(1));
        // Out of the picker at once; its connections begin to drain at the pool's next step.
        bed.advance(Duration.ofSeconds(10));
        assertThat(bed.to(PolicyBed.pod(0)).shutdowns).isZero();

        call.streamClosed(Status.OK);
        assertThat(bed.to(PolicyBed.pod(0)).shutdowns).isEqualTo(1);
    }
}
