package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a process with thousands of channels to one Service costs those it asks. */
@Timeout(120)
class ManyChannelsTest {

    private static final int CHANNELS = 10_000;

    @Test
    void ten_thousand_channels_to_one_service_share_one_watch_and_its_threads() throws Exception {
        try (Bed bed = new Bed(0)) {
            ManagedChannel first = bed.channel(settings -> {});
            first.getState(true);
            Bed.await(() -> first.getState(false) == ConnectivityState.TRANSIENT_FAILURE);
            long threads = threadsOfOurs();

            List<ManagedChannel> channels = new ArrayList<>();
            for (int i = 1; i < CHANNELS; i++) {
                ManagedChannel channel = bed.channel(settings -> {});
                channel.getState(true);
                channels.add(channel);
            }
            // Each was told of the source's answer, so each takes part in the watch.
            for (ManagedChannel channel : channels) {
                Bed.await(() -> channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE);
            }
            assertThat(bed.source.watches()).isEqualTo(1);
            assertThat(threadsOfOurs()).as("idle ones may have ended").isLessThanOrEqualTo(threads);
        }
    }

    private static long threadsOfOurs() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("evenkeel"))
                .count();
    }
}
