package io.evenkeel.jdbc.hikari;

import io.evenkeel.jdbc.pool.CacheLinePadding;
import org.jspecify.annotations.Nullable;

/**
 * What threads remember from one acquire to the next, striped by thread id. Not a thread-local: that would grow with
 * virtual threads and keep a closed pool alive. Two threads may share a slot; its fields are hints, so races on them
 * cost nothing but a worse guess.
 */
final class Slots {

    /** The seat that its threads had last, and for how many more acquires they try it first. */
    abstract static sealed class Slot extends CacheLinePadding permits PaddedSlot {
        @Nullable
        Seat seat;

        int left;
        int granted = 1;
        long chosenAt;
        private long random;

        private Slot(long seed) {
            this.random = seed | 1;
        }

        /** The next of a stream of pseudo-random numbers below {@code bound} (xorshift64*, Vigna 2016). */
        int nextInt(int bound) {
            long x = random;
            x ^= x >>> 12;
            x ^= x << 25;
            x ^= x >>> 27;
            random = x;
            long mixed = x * 0x2545F4914F6CDD1DL;
            return (int) (((mixed >>> 32) * bound) >>> 32);
        }
    }

    /** The only kind of slot there is. */
    @SuppressWarnings("unused")
    private static final class PaddedSlot extends Slot {
        private long q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15;

        private PaddedSlot(long seed) {
            super(seed);
        }
    }

    private final Slot[] slots;

    Slots(int size, long seed) {
        int power = Integer.highestOneBit(Math.max(2, size) - 1) << 1;
        slots = new Slot[power];
        for (int i = 0; i < power; i++) {
            slots[i] = new PaddedSlot(mix(seed + i * 0x9E3779B97F4A7C15L));
        }
    }

    /** The finalizer of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Threads of one pool have consecutive ids, so the low bits spread them best. */
    Slot mine() {
        return slots[(int) Thread.currentThread().getId() & (slots.length - 1)];
    }
}
