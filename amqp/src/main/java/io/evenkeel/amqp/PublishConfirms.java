package io.evenkeel.amqp;

import io.evenkeel.amqp.Epochs.Epoch;
import java.io.IOException;

/**
 * The publish sequence numbers that the application sees on one channel in confirm mode, over the raw channels that it
 * has been on, by the arithmetic of {@link Epochs}. So a number from {@code getNextPublishSeqNo()} that was taken
 * before a move is still that of the message if it is published after.
 *
 * <p>A confirm of everything up to a number must not confirm what an older epoch has published and not got confirmed.
 * While there is such a thing, it is reported one by one.
 *
 * <p>Thread-safe, as {@link DeliveryTags}.
 */
final class PublishConfirms {

    /** Gets what is confirmed. */
    @FunctionalInterface
    interface Told {
        void confirmed(long number, boolean multiple) throws IOException;
    }

    private final Epochs epochs;

    PublishConfirms(RawChannel first) {
        epochs = new Epochs(first);
    }

    /** The epoch that is published on now. */
    Epoch current() {
        return epochs.current();
    }

    /** From now on it is published on this raw channel; nothing is being published at this moment. */
    void begin(RawChannel next) {
        Epoch last = current();
        if (last.raw() != next) {
            epochs.begin(next, next.published(), last.toVirtual(last.raw().published()), PublishConfirms::isConfirmed);
        }
    }

    /** What was lost is still reported as refused. */
    private static boolean isConfirmed(Epoch epoch) {
        return !epoch.raw().isLost() && !epoch.raw().hasUnconfirmed(epoch.base(), epoch.toRaw(epoch.end()));
    }

    int epochs() {
        return epochs.all().length;
    }

    /** Forgets the epochs of a raw channel that has nothing unconfirmed. */
    void forget(RawChannel gone) {
        epochs.forget(epoch -> epoch.raw() == gone);
    }

    /** The number of the next message, or 0 if confirms are not selected. */
    long next() {
        Epoch epoch = current();
        long next = epoch.raw().channel().getNextPublishSeqNo();
        return next == 0 ? 0 : epoch.toVirtual(next);
    }

    /** Messages that are not confirmed, on all raw channels that are not lost. */
    long unconfirmed() {
        long sum = 0;
        Epoch[] all = epochs.all();
        for (int i = 0; i < all.length; i++) {
            if (isFirstOf(all, i)) {
                sum += all[i].raw().unconfirmed();
            }
        }
        return sum;
    }

    private static boolean isFirstOf(Epoch[] all, int at) {
        for (int i = 0; i < at; i++) {
            if (all[i].raw() == all[at].raw()) {
                return false;
            }
        }
        return true;
    }

    /** Tells the application of what a raw channel confirmed (or refused), in its own numbers. */
    void tell(RawChannel raw, long rawNumber, boolean multiple, Told told) throws IOException {
        Epoch[] all = epochs.all();
        Epoch epoch = epochOf(all, raw, rawNumber);
        if (!multiple) {
            told.confirmed(epoch.toVirtual(rawNumber), false);
        } else if (raw.confirmedUpTo() >= epoch.base() && !hasOlder(all, epoch)) {
            told.confirmed(epoch.toVirtual(rawNumber), true);
        } else {
            for (long number : raw.unconfirmedUpTo(rawNumber)) {
                told.confirmed(epochOf(all, raw, number).toVirtual(number), false);
            }
        }
    }

    private static boolean hasOlder(Epoch[] all, Epoch epoch) {
        for (Epoch older : all) {
            if (older.equals(epoch)) {
                return false;
            }
            if (older.raw() != epoch.raw() && older.raw().unconfirmed() > 0) {
                return true;
            }
        }
        return false;
    }

    private static Epoch epochOf(Epoch[] all, RawChannel raw, long rawNumber) {
        Epoch epoch = Epochs.of(all, raw, rawNumber);
        if (epoch == null) {
            throw new IllegalStateException("publish number " + rawNumber + " (expected: one of " + raw + ")");
        }
        return epoch;
    }
}
