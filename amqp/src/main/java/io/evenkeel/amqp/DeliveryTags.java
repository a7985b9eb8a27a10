package io.evenkeel.amqp;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The delivery tags that the application sees on one channel, over the raw channels that it has been on.
 *
 * <p><b>Arithmetic.</b> An epoch is a stretch of deliveries on one raw channel. A raw channel numbers its deliveries 1, 2, …;
 * the tag that the application sees is {@code v = offset + (r - base)}, where {@code base} is the last tag of the raw channel
 * before the epoch (0, unless a move went back to it) and {@code offset} the last tag that the application could have seen
 * before it. So the first epoch changes nothing, tags only grow, and each belongs to exactly one epoch, the newest whose
 * offset is below it. The last raw tag counts deliveries and get-oks, automatically acknowledged ones as well, since the
 * broker numbers all of them.
 *
 * <p>A new epoch may only begin when the raw channel of the last one can deliver nothing any more: its consumers are
 * cancelled, their cancel-oks dispatched, and no get is under way. {@link VirtualChannel} sees to that.
 *
 * <p><b>Settling.</b> A tag is settled on the raw channel that delivered it. One that settles everything up to it settles
 * all older epochs, each up to the newest tag that is unsettled there (a broker refuses a tag that is settled already, also
 * with {@code multiple}), oldest first; tag 0 settles whatever is unsettled anywhere. Tags that were delivered by a
 * connection that was lost are dropped: the broker has taken their messages back. A tag that belongs to none of these is
 * unknown, and sent to the current raw channel as one that the broker can't know either, so that it closes the channel as it
 * would have closed a plain one.
 *
 * <p>Thread-safe: the epochs are an immutable array, replaced as a whole by one thread at a time; the books of unsettled
 * tags are the raw channels' own.
 */
final class DeliveryTags {

    /** What the broker answers 406 to. */
    static final long UNKNOWN = Long.MAX_VALUE;

    /**
     * @param raw the raw channel that delivers
     * @param base its last tag before the epoch
     * @param offset the application's last tag before the epoch
     * @param end the application's last tag in the epoch, once that is known
     */
    record Epoch(RawChannel raw, long base, long offset, long end) {

        boolean holds(long tag) {
            return tag > offset && tag <= end;
        }

        Epoch endedAt(long tag) {
            return new Epoch(raw, base, offset, tag);
        }

        long toVirtual(long rawTag) {
            return offset + (rawTag - base);
        }

        long toRaw(long virtualTag) {
            return virtualTag - offset + base;
        }
    }

    /** Settles one raw tag, or with {@code multiple} all up to it; 0 with {@code multiple} all. */
    @FunctionalInterface
    interface Settlement {
        void settle(RawChannel raw, long rawTag, boolean multiple) throws IOException;
    }

    private volatile Epoch[] epochs;
    /** The newest tag that a lost connection delivered; 0 if none was lost. */
    private volatile long lostUpTo;
    /** The first tag of the application that belonged to nothing; it is the one that the broker closes the channel for. */
    private final AtomicLong unknown = new AtomicLong();

    DeliveryTags(RawChannel first) {
        epochs = new Epoch[] {new Epoch(first, 0, 0, Long.MAX_VALUE)};
    }

    /** The epoch that deliveries belong to now. */
    Epoch current() {
        Epoch[] all = epochs;
        return all[all.length - 1];
    }

    /** From now on it is this raw channel that delivers. The last one can't any more. */
    void begin(RawChannel next) {
        Epoch last = current();
        if (last.raw() == next) {
            return;
        }
        append(next, last.toVirtual(last.raw().lastTag()));
    }

    /** As {@link #begin}, after the last one was lost with whatever was unsettled there. */
    void beginAfterLoss(RawChannel next) {
        Epoch last = current();
        lostUpTo = last.toVirtual(last.raw().lastTag());
        append(next, lostUpTo);
    }

    private void append(RawChannel next, long offset) {
        Epoch[] all = epochs;
        Epoch[] more = Arrays.copyOf(all, all.length + 1);
        more[all.length - 1] = all[all.length - 1].endedAt(offset);
        more[all.length] = new Epoch(next, next.lastTag(), offset, Long.MAX_VALUE);
        epochs = more;
    }

    /** Forgets the epochs of a raw channel that has nothing unsettled; what it delivered is settled, or lost if so said. */
    void forget(RawChannel gone, boolean lost) {
        Epoch[] all = epochs;
        Epoch[] kept = new Epoch[all.length];
        int count = 0;
        for (int i = 0; i < all.length; i++) {
            if (all[i].raw() != gone || i == all.length - 1) {
                kept[count++] = all[i];
            } else if (lost) {
                lostUpTo = Math.max(lostUpTo, all[i].end());
            }
        }
        epochs = Arrays.copyOf(kept, count);
    }

    int epochs() {
        return epochs.length;
    }

    void settle(long tag, boolean multiple, Settlement how) throws IOException {
        Epoch[] all = epochs;
        if (tag == 0) {
            settleAll(all, multiple, how);
            return;
        }
        Epoch owner = null;
        for (Epoch epoch : all) {
            if (epoch.holds(tag)) {
                owner = epoch;
            } else if (multiple && epoch.end() < tag) {
                settleOlder(epoch, how);
            }
        }
        if (owner != null && (!owner.raw().isLost() || owner.equals(all[all.length - 1]))) {
            how.settle(owner.raw(), owner.toRaw(tag), multiple);
        } else if (owner == null && tag > lostUpTo) {
            unknown.compareAndSet(0, tag);
            how.settle(all[all.length - 1].raw(), UNKNOWN, false);
        }
    }

    /** The application's tag for one that a raw channel's broker complains of. */
    long shown(RawChannel raw, long rawTag) {
        if (rawTag == UNKNOWN) {
            return unknown.get();
        }
        Epoch[] all = epochs;
        for (int i = all.length - 1; i >= 0; i--) {
            if (all[i].raw() == raw && rawTag > all[i].base()) {
                return all[i].toVirtual(rawTag);
            }
        }
        return rawTag;
    }

    /** Zero means all with {@code multiple}; without, no broker knows it. */
    private static void settleAll(Epoch[] all, boolean multiple, Settlement how) throws IOException {
        RawChannel current = all[all.length - 1].raw();
        for (int i = 0; multiple && i < all.length - 1; i++) {
            RawChannel raw = all[i].raw();
            if (raw != current && !raw.isLost() && raw.unsettled() > 0) {
                how.settle(raw, 0, true);
            }
        }
        how.settle(current, 0, multiple);
    }

    private static void settleOlder(Epoch epoch, Settlement how) throws IOException {
        long newest = epoch.raw().newestUnsettled(epoch.toRaw(epoch.end()));
        if (newest > epoch.base() && !epoch.raw().isLost()) {
            how.settle(epoch.raw(), newest, true);
        }
    }
}
