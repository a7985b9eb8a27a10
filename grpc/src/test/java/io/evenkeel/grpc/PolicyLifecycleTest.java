package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ConnectivityState;
import io.grpc.Status;
import java.time.Duration;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the policy leaves behind, in whatever state it is shut down. */
class PolicyLifecycleTest {

    private final PolicyBed bed = new PolicyBed();

    @AfterEach
    void the_channel_never_panicked() {
        assertThat(bed.panics).isEmpty();
    }

    /** Where a channel can be when it is shut down, or falls idle, which is the same to a policy. */
    private enum Phase {
        NEW(bed -> {}),
        WITH_AN_EMPTY_LIST(bed -> bed.resolve()),
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
}
