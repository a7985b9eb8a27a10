package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of streams whose Pod leaves, over real servers on loopback. */
@Timeout(120)
class LongStreamsTest {

    /** A stream on pod-1, which leaves, while pod-0 stays. */
    private static Iterator<String> streamOnPodOne(Bed bed, ManagedChannel channel, ClientInterceptor interceptor) {
        Bed.awaitAnswersOf(channel, 2);
        Channel intercepted = ClientInterceptors.intercept(channel, interceptor);
        for (int i = 0; i < 10; i++) {
            Iterator<String> stream = ClientCalls.blockingServerStreamingCall(
                    intercepted, PodServer.WATCH, CallOptions.DEFAULT, "from 0");
            if (stream.next().equals("pod-1")) {
                return stream;
            }
        }
        throw new AssertionError("none of 10 streams came to pod-1");
    }

    @Test
    void a_stream_with_a_deadline_ends_with_a_status_that_asks_for_another_call() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Iterator<String> stream =
                    streamOnPodOne(bed, channel, LongStreams.deadline(Duration.ofMillis(50), Duration.ofMillis(200)));
            bed.show(bed.servers.get(0));

            assertThatThrownBy(stream::next).isInstanceOfSatisfying(StatusRuntimeException.class, ended -> {
                assertThat(ended)
                        .hasMessageContaining("UNAVAILABLE: the connection to pod-1@127.0.0.1:")
                        .hasMessageContaining("has been leaving for 50 ms");
                assertThat(ended.getTrailers()
                                .get(Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER)))
                        .isEqualTo("200");
            });
        }
    }

    @Test
    void a_stream_that_is_resubscribed_goes_on_at_another_pod_behind_its_last_message() throws Exception {
        try (Bed bed = new Bed(2)) {
            List<String> resumed = new CopyOnWriteArrayList<>();
            ManagedChannel channel = bed.channel(settings -> {});
            Iterator<String> stream =
                    streamOnPodOne(bed, channel, LongStreams.resubscribe(PodServer.WATCH, (request, last) -> {
                        resumed.add(request + ", behind " + last);
                        return "from 1";
                    }));
            bed.show(bed.servers.get(0));

            assertThat(stream.next()).isEqualTo("pod-0");
            assertThat(resumed).containsExactly("from 0, behind pod-1");
            bed.servers.get(0).streams.forEach(open -> {
                open.onNext("more");
                open.onCompleted();
            });
            assertThat(stream.next()).isEqualTo("more");
            assertThat(stream.hasNext()).isFalse();
        }
    }

    @Test
    void a_resumer_that_throws_ends_its_own_stream_and_nothing_else() throws Exception {
        try (Bed bed = new Bed(2)) {
            ManagedChannel channel = bed.channel(settings -> {});
            Iterator<String> stream =
                    streamOnPodOne(bed, channel, LongStreams.resubscribe(PodServer.WATCH, (request, last) -> {
                        throw new AssertionError("no position");
                    }));
            bed.show(bed.servers.get(0));

            assertThatThrownBy(stream::next).hasMessageContaining("UNAVAILABLE").hasRootCauseMessage("no position");
            assertThat(Bed.shares(channel, 20)).containsOnlyKeys("pod-0");
        }
    }
}
