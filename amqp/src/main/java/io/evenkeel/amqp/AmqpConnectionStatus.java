package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One connection of the application at one moment. Immutable.
 *
 * @param name the name that the client provided, or a number
 * @param endpoint the broker it is on, or null while it is being recovered
 * @param state where it stands
 * @param channels open channels
 * @param consumers active consumers
 * @param unsettled messages delivered and not yet settled, on all its brokers
 * @param unconfirmed messages published with confirms and not yet confirmed, on all its brokers
 * @param lameDucks older brokers' connections that are kept until the last of it is settled
 * @param pinned why it cannot move now, or was taken back when it last was to move; null if neither
 */
public record AmqpConnectionStatus(
        String name,
        @Nullable EndpointKey endpoint,
        State state,
        int channels,
        int consumers,
        long unsettled,
        long unconfirmed,
        int lameDucks,
        @Nullable String pinned) {

    /** Where a connection stands. */
    public enum State {
        /** On one broker. */
        OPEN,
        /** On its way from one broker to another; it works. */
        MOVING,
        /** Lost, and being opened again. */
        RECOVERING,
        CLOSED
    }

    public AmqpConnectionStatus {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(state, "state");
    }

    private static @Nullable String pinned(VirtualConnection connection) {
        String obstacle = connection.checks().obstacle(false);
        return obstacle != null ? obstacle : connection.backoff().reason();
    }

    static AmqpConnectionStatus of(VirtualConnection connection) {
        int consumers = 0;
        long unsettled = 0;
        long unconfirmed = 0;
        for (VirtualChannel channel : connection.channels()) {
            consumers += channel.consumers().all().size();
            unsettled += channel.unsettled();
            unconfirmed += channel.publisher().unconfirmed();
        }
        VirtualConnection.State state = connection.state();
        boolean somewhere = state == VirtualConnection.State.OPEN || state == VirtualConnection.State.MOVING;
        return new AmqpConnectionStatus(
                connection.dialer().name(),
                somewhere ? connection.current().endpoint() : null,
                State.valueOf(state.name()),
                connection.channels().size(),
                consumers,
                unsettled,
                unconfirmed,
                connection.lameDucks(),
                state == VirtualConnection.State.OPEN ? pinned(connection) : null);
    }
}
