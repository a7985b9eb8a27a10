package io.evenkeel.amqp;

import io.evenkeel.amqp.Epochs.Epoch;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The delivery tags that the application sees on one channel, over the raw channels that it has been on.
 *
 * <p>The arithmetic is that of {@link Epochs}. The last raw tag counts deliveries and get-oks, automatically
 * acknowledged ones as well, since the broker numbers all of them.
 *
 * <p>A new epoch may only begin when the raw channel of the last one can deliver nothing any more: its consumers are
 * cancelled, their cancel-oks dispatched, and no get is under way. {@link VirtualChannel} sees to that.
 *
 * <p><b>Settling.</b> A tag is settled on the raw channel that delivered it. One that settles everything up to it
 * settles all older epochs, each up to the newest tag that is unsettled there (a broker refuses a tag that is settled
 * already, also with {@code multiple}), oldest first; tag 0 settles all that is unsettled anywhere. Tags that were
 * delivered by a connection that was lost are dropped: the broker has taken their messages back. A tag that belongs to
 * none of these is unknown, and sent to the current raw channel as one that the broker can't know either, so that it
 * closes the channel as it would have closed a plain one.
 *
 * <p>Thread-safe; the books of unsettled tags are the raw channels' own.
 */
final class DeliveryTags {

    /** What the broker answers 406 to. */
    static final long UNKNOWN = Long.MAX_VALUE;

    /** Settles one raw tag, or with {@code multiple} all up to it; 0 with {@code multiple} all. */
    @FunctionalInterface
    interface Settlement {
        void settle(RawChannel raw, long rawTag, boolean multiple) throws IOException;
    }

    private final Epochs epochs;
    /** The newest tag that a lost connection delivered; 0 if none was lost. */
    private volatile long lostUpTo;
    /**
     * The first tag of the application that belonged to nothing; it is the one that the broker closes the channel for.
     */
    private final AtomicLong unknown = new AtomicLong();

    DeliveryTags(RawChannel first) {
        epochs = new Epochs(first);
    }

    /** The epoch that deliveries belong to now. */
    Epoch current() {
        return epochs.current();
    }

    /** From now on it is this raw channel that delivers. The last one can't any more. */
    void begin(RawChannel next) {
        if (current().raw() != next) {
            epochs.begin(next, next.lastTag(), lastTag(), DeliveryTags::isSettled);
        }
    }

    /** As {@link #begin}, after the last one was lost with all that was unsettled there. */
    void beginAfterLoss(RawChannel next) {
        lostUpTo = lastTag();
        epochs.begin(next, next.lastTag(), lostUpTo, DeliveryTags::isSettled);
    }

    /** Of one that was lost, the tags must go on being dropped. */
    private static boolean isSettled(Epoch epoch) {
        return !epoch.raw().isLost() && epoch.raw().newestUnsettled(epoch.toRaw(epoch.end())) <= epoch.base();
    }

    private long lastTag() {
        Epoch last = current();
        return last.toVirtual(last.raw().lastTag());
    }

    /**
     * Forgets the epochs of a raw channel that has nothing unsettled; what it delivered is settled, or lost if so said.
     */
    @SuppressWarnings("ReferenceEquality") // epochs and raw channels are told apart by identity
    void forget(RawChannel gone, boolean lost) {
        Epoch current = current();
        for (Epoch epoch : epochs.all()) {
            if (lost && epoch.raw() == gone && epoch != current) {
                lostUpTo = Math.max(lostUpTo, epoch.end());
            }
        }
        epochs.forget(epoch -> epoch.raw() == gone);
    }

    int epochs() {
        return epochs.all().length;
    }

    void settle(long tag, boolean multiple, Settlement how) throws IOException {
        Epoch[] all = epochs.all();
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
        Epoch epoch = Epochs.of(epochs.all(), raw, rawTag);
        return epoch == null ? rawTag : epoch.toVirtual(rawTag);
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
