package io.evenkeel.amqp;

import java.util.function.LongConsumer;

/**
 * A set of tags that are handed out in ascending order and leave in almost the same: a ring of bits over the window
 * from the oldest that is in it to the newest. Adding and removing cost a few operations and no memory; the window
 * grows while an old one stays, one bit for each newer. Not thread-safe.
 *
 * <p>Invariant: every member t has {@code first <= t < first + 64 * words.length}, with {@code first} a multiple of 64;
 * bits outside of {@code [first, end)} are 0.
 */
final class TagWindow {

    private long[] words = new long[4];
    /** The first tag that the ring has a bit for; a multiple of 64. */
    private long first;
    /** One more than the newest member ever added. */
    private long end;

    private int size;

    int size() {
        return size;
    }

    /** How long the ring is, in words. */
    int words() {
        return words.length;
    }

    /** @return whether it was not in it before */
    boolean add(long tag) {
        if (size == 0) {
            first = tag & -64L;
            end = tag;
        }
        makeRoom(tag);
        int at = index(tag);
        long bit = 1L << tag;
        if ((words[at] & bit) != 0) {
            return false;
        }
        words[at] |= bit;
        size++;
        end = Math.max(end, tag + 1);
        return true;
    }

    boolean contains(long tag) {
        return size > 0 && tag >= first && tag < end && (words[index(tag)] & (1L << tag)) != 0;
    }

    /** @return whether it was in it */
    boolean remove(long tag) {
        if (!contains(tag)) {
            return false;
        }
        words[index(tag)] &= ~(1L << tag);
        size--;
        return true;
    }

    /** Removes every member up to and including this one; tells each, in order. */
    void removeUpTo(long tag, LongConsumer removed) {
        for (long t = next(first); t >= 0 && t <= tag; t = next(t + 1)) {
            remove(t);
            removed.accept(t);
        }
    }

    /** The largest member that is not above this, or -1. */
    long floor(long tag) {
        if (size > 0) {
            for (long t = Math.min(tag, end - 1); t >= first; t--) {
                long below = words[index(t)] & (-1L >>> (63 - (t & 63)));
                if (below != 0) {
                    return (t & -64L) + 63 - Long.numberOfLeadingZeros(below);
                }
                t &= -64L;
            }
        }
        return -1;
    }

    /** The smallest member that is not below this, or -1. */
    long next(long tag) {
        if (size > 0) {
            for (long t = Math.max(tag, first); t < end; t = (t | 63) + 1) {
                long above = words[index(t)] & (-1L << t);
                if (above != 0) {
                    return (t & -64L) + Long.numberOfTrailingZeros(above);
                }
            }
        }
        return -1;
    }

    void clear() {
        words = new long[4];
        size = 0;
    }

    private int index(long tag) {
        return (int) (tag >>> 6) & (words.length - 1);
    }

    private void makeRoom(long tag) {
        if (tag < first) {
            // Never in order: only a broker that hands out tags twice gets here.
            regrow(tag & -64L, Math.max(end, tag + 1));
        } else if (tag - first >= 64L * words.length) {
            long oldest = next(first);
            regrow((oldest < 0 ? tag : oldest) & -64L, tag + 1);
        }
    }

    private void regrow(long newFirst, long newEnd) {
        int length = words.length;
        while (newEnd - newFirst > 64L * length) {
            length *= 2;
        }
        long[] old = words;
        long oldFirst = first;
        words = new long[length];
        for (long t = oldFirst; t < end; t += 64) {
            long bits = old[(int) (t >>> 6) & (old.length - 1)];
            if (bits != 0) {
                words[index(t)] = bits;
            }
        }
        first = newFirst;
    }
}
