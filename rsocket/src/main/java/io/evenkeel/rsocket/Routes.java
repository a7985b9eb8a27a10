package io.evenkeel.rsocket;

import io.netty.buffer.ByteBuf;
import io.rsocket.Payload;
import io.rsocket.metadata.CompositeMetadata;
import io.rsocket.metadata.RoutingMetadata;
import io.rsocket.metadata.WellKnownMimeType;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Reads the route from a payload's metadata; changes neither its indices nor its reference count. */
public final class Routes {

    private static final String ROUTING = WellKnownMimeType.MESSAGE_RSOCKET_ROUTING.getString();

    private Routes() {}

    /**
     * The first route in composite metadata ({@code message/x.rsocket.composite-metadata.v0}), as Spring sends it; or
     * null.
     */
    public static @Nullable String inCompositeMetadata(Payload payload) {
        if (!payload.hasMetadata()) {
            return null;
        }
        ByteBuf metadata = payload.sliceMetadata();
        try {
            for (CompositeMetadata.Entry entry : new CompositeMetadata(metadata, false)) {
                if (ROUTING.equals(entry.getMimeType())) {
                    return first(entry.getContent());
                }
            }
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException notComposite) {
            // It may be anything; it has no route that could be read.
            return null;
        }
        return null;
    }

    /** The first route in metadata that is nothing but routing ({@code message/x.rsocket.routing.v0}); or null. */
    public static @Nullable String inRoutingMetadata(Payload payload) {
        if (!payload.hasMetadata()) {
            return null;
        }
        try {
            return first(payload.sliceMetadata());
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException notRouting) {
            return null;
        }
    }

    private static @Nullable String first(ByteBuf routing) {
        Iterator<String> routes = new RoutingMetadata(routing).iterator();
        return routes.hasNext() ? routes.next() : null;
    }
}
