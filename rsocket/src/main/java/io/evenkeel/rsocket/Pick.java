package io.evenkeel.rsocket;

import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a connection for a request: of two that are drawn at random, the one where it is expected to cost less (power of
 * two choices). Stateless but for the snapshot it is given; takes no lock, allocates nothing.
 *
 * <p>Two costs within {@value #TIE} of each other count as equal and the first drawn is taken: estimates aren't better than
 * that, and it keeps up some evidence of those that look a little worse.
 *
 * <p>A connection whose lease is used up or over is passed by. If all are, none is chosen and the request waits with us: given
 * to one, it would stay with that one, though another Pod may grant a lease the next moment.
 */
final class Pick {

    static final double TIE = 1.1;

    private final IntUnaryOperator random;

    /** @param random a number from 0 to below its argument, from any thread */
    Pick(IntUnaryOperator random) {
        this.random = random;
    }

    static Pick byChance() {
        return new Pick(bound -> ThreadLocalRandom.current().nextInt(bound));
    }

    /**
     * One that has counted the request in, or null if none may take it now.
     *
     * @param now or {@link Request#UNTIMED} if there are fewer than two
     */
    @Nullable
    PodConnection enter(PodConnection[] open, Interaction interaction, long now) {
        PodConnection chosen = choose(open, now);
        if (chosen != null && chosen.enter(interaction, now)) {
            return chosen;
        }
        // Rare: something has just begun to drain, was lost, or has no lease left.
        return enterAny(open, interaction, now);
    }

    private @Nullable PodConnection choose(PodConnection[] open, long now) {
        int count = open.length;
        if (count <= 1) {
            return count == 1 && open[0].isAvailable() ? open[0] : null;
        }
        // One number for both.
        int drawn = random.applyAsInt(count * (count - 1));
        int i = drawn / (count - 1);
        int j = drawn % (count - 1);
        PodConnection first = open[i];
        PodConnection second = open[j < i ? j : j + 1];
        if (!first.isAvailable()) {
            return second.isAvailable() ? second : null;
        }
        return second.isAvailable() && isClearlyCheaper(second, first, now) ? second : first;
    }

    private static boolean isClearlyCheaper(PodConnection second, PodConnection first, long now) {
        double firstLast = first.latency().lastNanos();
        double secondLast = second.latency().lastNanos();
        // Without any history of either, what is in flight decides.
        double either = Math.max(1, Math.max(firstLast, secondLast));
        double firstCost = first.cost(now, secondLast > 0 ? secondLast : either);
        double secondCost = second.cost(now, firstLast > 0 ? firstLast : either);
        return secondCost * TIE < firstCost;
    }

    private @Nullable PodConnection enterAny(PodConnection[] open, Interaction interaction, long now) {
        int count = open.length;
        if (count == 0) {
            return null;
        }
        int from = random.applyAsInt(count);
        for (int i = 0; i < count; i++) {
            PodConnection connection = open[(from + i) % count];
            boolean may = interaction.isLeased() ? connection.isAvailable() : connection.isOpen();
            if (may && connection.enter(interaction, now)) {
                return connection;
            }
        }
        return null;
    }
}
