package io.evenkeel.rsocket;

import io.rsocket.Payload;
import io.rsocket.RSocket;
import org.reactivestreams.Publisher;

/** The interaction models of RSocket. */
enum Interaction {
    FIRE_AND_FORGET,
    REQUEST_RESPONSE,
    REQUEST_STREAM,
    REQUEST_CHANNEL,
    METADATA_PUSH;

    /**
     * Makes the request; it is sent when its result is subscribed to and asked for.
     *
     * @param input the payload, which is the request's from here on, or a channel's publisher of them
     */
    @SuppressWarnings("unchecked") // what a channel was made with
    Publisher<?> on(RSocket rsocket, Object input) {
        return switch (this) {
            case FIRE_AND_FORGET -> rsocket.fireAndForget((Payload) input);
            case REQUEST_RESPONSE -> rsocket.requestResponse((Payload) input);
            case REQUEST_STREAM -> rsocket.requestStream((Payload) input);
            case REQUEST_CHANNEL -> rsocket.requestChannel((Publisher<Payload>) input);
            case METADATA_PUSH -> rsocket.metadataPush((Payload) input);
        };
    }

    /** Whether it needs a lease where the server grants them. */
    boolean isLeased() {
        return this != METADATA_PUSH;
    }

    /** Whether it may go on for long. */
    boolean isStream() {
        return this == REQUEST_STREAM || this == REQUEST_CHANNEL;
    }

    /** What it counts as while it is in flight. */
    long kind() {
        return isStream() ? StateAndCount.OPEN_ENDED : StateAndCount.AWAITED;
    }

    /** Whether the time until its first signal says how quick the server is. */
    boolean isTimed() {
        return this == REQUEST_RESPONSE || this == REQUEST_STREAM;
    }

    /** Whether it ends, for its sender, without a word from the server; a channel's last elements do, too. */
    boolean isOneWay() {
        return this == FIRE_AND_FORGET || this == METADATA_PUSH || this == REQUEST_CHANNEL;
    }

    /** Whether its first element is its end. */
    boolean isSingle() {
        return this == REQUEST_RESPONSE;
    }
}
