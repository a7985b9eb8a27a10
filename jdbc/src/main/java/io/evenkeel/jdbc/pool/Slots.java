package io.evenkeel.jdbc.pool;

import org.jspecify.annotations.Nullable;

/**
 * What threads remember from one acquire to the next, striped by thread id. Not a thread-local: that would grow with
 * virtual threads and keep a closed pool alive. Two threads may share a slot; all that is in it are hints, so races
 * on them cost a worse guess, nothing else.
 */
final class Slots {

    /** The seat that a thread had last at each Pod, and which Pod's turn it is. Good for one {@link Routing} only. */
    abstract static sealed class Hints extends CacheLinePadding permits PaddedHints {
        /** How often in a row a thread in a burst goes to a Pod. */
        static final int STAY = 8;

        final Routing routing;
        final @Nullable Seat[] seats;
        private int next;

        /** How many more acquires go to the Pod that is next. */
        private int stays;

        /** How many more acquires may go by the hints alone. */
        private int left;

        private int granted = 1;
        private long lookedAt;
        private boolean detoured;

        private Hints(Routing routing, int first) {
            this.routing = routing;
            this.seats = new Seat[routing.turns().length];
            this.next = first;
        }

        /** The next turn; in the midst of a burst the same one {@value #STAY} times in a row. */
        int turn() {
            int turn = next;
            if (stays > 0) {
                stays--;
            } else {
                // Written as an index in every case, so that a race can't lead outside of the array.
                next = turn + 1 < seats.length ? turn + 1 : 0;
                stays = granted < Chooser.MOST_GRANTED ? 0 : STAY - 1;
            }
            return turn;
        }

        /** Whether the hint may be followed without a look at how busy the Pods are. */
        boolean mayFollow(long tick) {
            return seats.length == 1 || (tick == lookedAt && --left >= 0);
        }

        /**
         * Two Pods were looked at: for how many acquires that is good is doubled while the time stands still, and one
         * as soon as it has gone on.
         */
        void looked(long tick) {
            if (tick == lookedAt) {
                granted = Math.min(Chooser.MOST_GRANTED, granted << 1);
            } else {
                granted = 1;
                stays = 0;
                lookedAt = tick;
                forgetDetours();
            }
            left = granted - 1;
        }

        /** The Pod whose turn it is was passed over for this seat of another, which is good for this tick. */
        void detour(int turn, Seat seat) {
            seats[turn] = seat;
            detoured = true;
        }

        private void forgetDetours() {
            if (!detoured) {
                return;
            }
            detoured = false;
            for (int turn = 0; turn < seats.length; turn++) {
                Seat seat = seats[turn];
                if (seat != null && seat.pod != routing.turns()[turn]) {
                    seats[turn] = null;
                }
            }
        }
    }

    /** The only kind of hints there is: written on every acquire, by one thread mostly. */
    @SuppressWarnings("unused")
    static final class PaddedHints extends Hints {
        private long q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15;

        PaddedHints(Routing routing, int first) {
            super(routing, first);
        }
    }

    abstract static sealed class Slot extends CacheLinePadding permits PaddedSlot {
        @Nullable
        volatile Hints hints;

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
