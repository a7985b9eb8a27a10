package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.metadata.CompositeMetadataCodec;
import io.rsocket.metadata.TaggingMetadataCodec;
import io.rsocket.metadata.WellKnownMimeType;
import io.rsocket.util.DefaultPayload;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoutesTest {

    private static ByteBuf routing() {
        return TaggingMetadataCodec.createTaggingContent(ByteBufAllocator.DEFAULT, List.of("orders.watch", "second"));
    }

    private static Payload composite() {
        CompositeByteBuf metadata = ByteBufAllocator.DEFAULT.compositeBuffer();
        CompositeMetadataCodec.encodeAndAddMetadata(
                metadata, ByteBufAllocator.DEFAULT, "x/trace", Unpooled.wrappedBuffer(new byte[] {1}));
        CompositeMetadataCodec.encodeAndAddMetadata(
                metadata, ByteBufAllocator.DEFAULT, WellKnownMimeType.MESSAGE_RSOCKET_ROUTING, routing());
        return DefaultPayload.create(Unpooled.EMPTY_BUFFER, metadata);
    }

    @Test
    void the_route_is_read_and_the_payload_left_as_it_was() {
        Payload payload = composite();
        int readable = payload.metadata().readableBytes();
        assertThat(Routes.inCompositeMetadata(payload)).isEqualTo("orders.watch");
        assertThat(payload.metadata().readableBytes()).isEqualTo(readable);
        assertThat(Routes.inRoutingMetadata(DefaultPayload.create(Unpooled.EMPTY_BUFFER, routing())))
                .isEqualTo("orders.watch");
    }

    @Test
    void what_has_no_route_has_none() {
        assertThat(Routes.inCompositeMetadata(DefaultPayload.create("x"))).isNull();
        assertThat(Routes.inCompositeMetadata(DefaultPayload.create("x", "no composite at all")))
                .isNull();
        assertThat(Routes.inRoutingMetadata(DefaultPayload.create("x"))).isNull();
        assertThat(Routes.inRoutingMetadata(DefaultPayload.create("x", "~"))).isNull();
    }

    @Test
    void a_route_has_its_policy_and_a_channel_is_never_resubscribed() {
        LongStreamPolicy deadline = LongStreamPolicy.deadline();
        StreamPolicies byRoute = new StreamPolicies(
                LongStreamPolicy.stick(), Map.of("orders.watch", deadline), Routes::inCompositeMetadata);
        assertThat(byRoute.of(Interaction.REQUEST_STREAM, composite())).isSameAs(deadline);
        assertThat(byRoute.of(Interaction.REQUEST_STREAM, DefaultPayload.create("x")))
                .isNull();
        assertThat(byRoute.of(Interaction.REQUEST_RESPONSE, composite())).isNull();

        StreamPolicies resubscribing = new StreamPolicies(
                LongStreamPolicy.resubscribe(DrainTest.PoolBedResumer::new), Map.of(), payload -> null);
        assertThat(resubscribing.of(Interaction.REQUEST_CHANNEL, "payloads")).isNull();
        assertThat(resubscribing.of(Interaction.REQUEST_STREAM, composite())).isNotNull();
    }
}
