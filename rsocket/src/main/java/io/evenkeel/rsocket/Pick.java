package io.evenkeel.rsocket;

import io.evenkeel.pick.Rotation;
import org.jspecify.annotations.Nullable;

/**
 * Finds a request its connection: the next in the {@link Rotation} that takes it.
 *
 * <p>A connection whose lease is used up or over is passed by. If all are, none is chosen and the request waits with
 * us: given to one, it would stay with that one, though another Pod may grant a lease the next moment.
 */
final class Pick {

    private final Rotation rotation;

    Pick(Rotation rotation) {
        this.rotation = rotation;
    }

    /**
     * One that has counted the request in, or null if none may take it now.
     *
     * @param now of the rotation; meaningless if there are fewer than two
     */
    @Nullable
    PodConnection enter(PodConnection[] open, Interaction interaction, long now) {
        int count = open.length;
        if (count <= 1) {
            return count == 1 ? entered(open[0], interaction) : null;
        }
        PodConnection chosen = rotation.pick(open, interaction.isStream(), now);
        if (chosen != null && chosen.enter(interaction)) {
            if (interaction.isSingle()) {
                chosen.statistics().began(now);
            }
            return chosen;
        }
        // Rare: it has just begun to drain, was lost, or has no lease left; or none has one, which a push doesn't need.
        return enterAny(open, interaction);
    }

    private static @Nullable PodConnection enterAny(PodConnection[] open, Interaction interaction) {
        for (PodConnection connection : open) {
            PodConnection found = entered(connection, interaction);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private static @Nullable PodConnection entered(PodConnection connection, Interaction interaction) {
        boolean may = interaction.isLeased() ? connection.isAvailable() : connection.isOpen();
        return may && connection.enter(interaction) ? connection : null;
    }
}
