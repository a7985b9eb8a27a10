package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.source.HangingSourceProvider;
import io.grpc.ManagedChannel;
import io.grpc.NameResolverRegistry;
import io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A source whose calls never return holds up neither a channel nor its end, and no other channel. */
@Timeout(60)
class HangingSourceTest {

    static {
        NameResolverRegistry.getDefaultRegistry().register(new PodNameResolverProvider("hanging", "hanging") {});
    }

    @AfterEach
    void letGo() {
        HangingSourceProvider.letGo();
    }

    private static ManagedChannel channel(String target) {
        return EvenkeelGrpc.balance(
                        NettyChannelBuilder.forTarget(target).usePlaintext(), settings -> settings.jmx(false))
                .build();
    }

    @Test
    void a_source_that_never_returns_holds_up_neither_a_channel_nor_its_end_nor_another_channel() throws Exception {
        try (Bed bed = new Bed(1)) {
            String address = bed.servers.get(0).endpoint().address();
            ManagedChannel hung = channel("hanging:///" + address);
            ManagedChannel works = bed.channel(settings -> {});
            assertThat(Bed.echo(hung)).isEqualTo("pod-0");
            assertThat(Bed.echo(works)).isEqualTo("pod-0");
            hung.shutdown();
            assertThat(hung.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
            ManagedChannel later = bed.register(channel("static:///" + address));
            assertThat(Bed.echo(later)).isEqualTo("pod-0");
            assertThat(HangingSourceProvider.hanging()).as("calls that hang").isPositive();
        }
    }
}
