package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.PoolStatus;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one pool of connections looks like at one moment. Immutable.
 *
 * @param pool the part that all adapters have: endpoints, plan, source
 * @param connections the connections of this process to the target, in the order in which they were opened
 * @param moves connections moved since the pool was made
 * @param rolledBack moves that had begun and were given up since the pool was made
 * @param recoveries lost connections that were opened again since the pool was made
 */
public record AmqpStatus(
        PoolStatus pool, List<ConnectionStatus> connections, long moves, long rolledBack, long recoveries) {

    public AmqpStatus {
        Objects.requireNonNull(pool, "pool");
        connections = List.copyOf(connections);
    }

    /**
     * One connection of the application.
     *
     * @param name the name that the client provided, or a number
     * @param endpoint the broker it is on, or null while it is being recovered
     * @param state {@code open}, {@code moving}, {@code recovering} or {@code closed}
     * @param channels open channels
     * @param consumers active consumers
     * @param unsettled messages delivered and not yet settled, on all its brokers
     * @param unconfirmed messages published with confirms and not yet confirmed, on all its brokers
     * @param lameDucks older brokers' connections that are kept until the last of it is settled
     * @param pinned why it cannot move now, or was taken back when it last was to move; null if neither
     */
    public record ConnectionStatus(
            String name,
            @Nullable EndpointKey endpoint,
            String state,
            int channels,
            int consumers,
            long unsettled,
            long unconfirmed,
            int lameDucks,
            @Nullable String pinned) {

        private static @Nullable String pinned(VirtualConnection connection) {
            String obstacle = connection.obstacle(false);
            return obstacle != null ? obstacle : connection.backoff().reason();
        }

        static ConnectionStatus of(VirtualConnection connection) {
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
            return new ConnectionStatus(
                    connection.dialer().name(),
                    somewhere ? connection.current().endpoint() : null,
                    state.name().toLowerCase(Locale.ROOT),
                    connection.channels().size(),
                    consumers,
                    unsettled,
                    unconfirmed,
                    connection.lameDucks(),
                    state == VirtualConnection.State.OPEN ? pinned(connection) : null);
        }
    }
}
