package io.evenkeel.amqp;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How the numbers that the application sees on one channel follow from those of the raw channels that it has been on.
 * {@link DeliveryTags} and {@link PublishConfirms} each have one.
 *
 * <p>An epoch is a stretch of numbers on one raw channel. A raw channel counts 1, 2, …; the application's number is
 * {@code v = offset + (r - base)}, where {@code base} is the last number of the raw channel before the epoch (0, unless
 * a move went back to it) and {@code offset} the application's last number before it. So the first epoch changes
 * nothing, numbers only grow, and each belongs to exactly one epoch.
 *
 * <p>Thread-safe: the epochs are an immutable array that is replaced as a whole.
 */
final class Epochs {

    /**
     * @param raw the raw channel that counts
     * @param base its last number before the epoch
     * @param offset the application's last number before the epoch
     * @param end the application's last number in the epoch; the greatest of all while it is current
     */
    record Epoch(RawChannel raw, long base, long offset, long end) {

        boolean holds(long number) {
            return number > offset && number <= end;
        }

        long toVirtual(long rawNumber) {
            return offset + (rawNumber - base);
        }

        long toRaw(long number) {
            return number - offset + base;
        }

        private boolean isContinuedBy(RawChannel next, long nextBase, long nextOffset) {
            return raw == next && end == nextOffset && toRaw(nextOffset) == nextBase;
        }

        private Epoch endedAt(long number) {
            return new Epoch(raw, base, offset, number);
        }
    }

    private final ReentrantLock writing = new ReentrantLock();
    private volatile Epoch[] all;

    Epochs(RawChannel first) {
        all = new Epoch[] {new Epoch(first, 0, 0, Long.MAX_VALUE)};
    }

    /** Oldest first; not to be written to. */
    Epoch[] all() {
        return all;
    }

    Epoch current() {
        Epoch[] now = all;
        return now[now.length - 1];
    }

    /**
     * Begins an epoch on this raw channel, or goes on with the last one if that has the same arithmetic, as after a
     * move that was taken back before anything was counted elsewhere.
     *
     * @param base the raw channel's last number
     * @param offset the application's last number
     * @param done whether nothing of an older epoch is open, so that it can be forgotten
     */
    void begin(RawChannel next, long base, long offset, Predicate<Epoch> done) {
        replace(now -> {
            Deque<Epoch> kept = new ArrayDeque<>();
            for (int i = 0; i < now.length; i++) {
                Epoch epoch = i == now.length - 1 ? now[i].endedAt(offset) : now[i];
                if (epoch.offset() < epoch.end() && !done.test(epoch)) {
                    kept.add(epoch);
                }
            }
            Epoch last = kept.peekLast();
            if (last != null && last.isContinuedBy(next, base, offset)) {
                kept.removeLast();
                kept.add(last.endedAt(Long.MAX_VALUE));
            } else {
                kept.add(new Epoch(next, base, offset, Long.MAX_VALUE));
            }
            return kept.toArray(Epoch[]::new);
        });
    }

    /** Forgets these, but never the current one. */
    void forget(Predicate<Epoch> which) {
        replace(now -> {
            Epoch[] kept = new Epoch[now.length];
            int count = 0;
            for (int i = 0; i < now.length; i++) {
                if (i == now.length - 1 || !which.test(now[i])) {
                    kept[count++] = now[i];
                }
            }
            return Arrays.copyOf(kept, count);
        });
    }

    private void replace(UnaryOperator<Epoch[]> change) {
        writing.lock();
        try {
            all = change.apply(all);
        } finally {
            writing.unlock();
        }
    }

    /** The newest epoch on that raw channel whose base the number is above, or null. */
    static @Nullable Epoch of(Epoch[] all, RawChannel raw, long rawNumber) {
        for (int i = all.length - 1; i >= 0; i--) {
            if (all[i].raw() == raw && rawNumber > all[i].base()) {
                return all[i];
            }
        }
        return null;
    }
}
