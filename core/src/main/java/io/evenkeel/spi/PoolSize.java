package io.evenkeel.spi;

/**
 * How many connections a pool is to have: a number, or as many as its endpoints make it. Immutable.
 *
 * <p>A pool of database connections has a budget, which is split over the endpoints. A pool whose every connection carries
 * any number of requests wants some at each endpoint instead, whatever their number is, and a bound. And where the application
 * itself opens and closes its connections, there are as many seats as it holds.
 */
public sealed interface PoolSize {

    /** The pool's size while this many endpoints take part; at least 1, or 0 while nobody holds a seat. */
    int seats(int endpoints);

    /**
     * Always this many.
     *
     * @throws IllegalArgumentException if {@code seats} is below 1
     */
    static PoolSize fixed(int seats) {
        return new Fixed(seats);
    }

    /**
     * So many at each endpoint, and never more than {@code most} in all.
     *
     * @throws IllegalArgumentException if {@code each} is below 1 or {@code most} below {@code each}
     */
    static PoolSize perEndpoint(int each, int most) {
        return new PerEndpoint(each, most);
    }

    /**
     * As many as are held at this moment; {@link EndpointSignals#wanted} and {@link EndpointSignals#released} change it. Each
     * seat then belongs to one connection that somebody uses for as long as he likes: it is never retired, only moved as a
     * whole, and when its connection is lost, or its endpoint can't be reached, it goes to any endpoint that can.
     *
     * @throws IllegalArgumentException if {@code seats} is negative
     */
    static PoolSize held(int seats) {
        return new Held(seats);
    }

    /** @param seats at least 1 */
    record Fixed(int seats) implements PoolSize {
        public Fixed {
            if (seats < 1) {
                throw new IllegalArgumentException("seats: " + seats + " (expected: 1 or more)");
            }
        }

        @Override
        public int seats(int endpoints) {
            return seats;
        }

        @Override
        public String toString() {
            return Integer.toString(seats);
        }
    }

    /**
     * @param each at every endpoint, at least 1
     * @param most in all, at least {@code each}
     */
    record PerEndpoint(int each, int most) implements PoolSize {
        public PerEndpoint {
            if (each < 1) {
                throw new IllegalArgumentException("each: " + each + " (expected: 1 or more)");
            }
            if (most < each) {
                throw new IllegalArgumentException("most: " + most + " (expected: at least each, " + each + ")");
            }
        }

        @Override
        public int seats(int endpoints) {
            return (int) Math.min(most, Math.max(1L, endpoints) * each);
        }

        @Override
        public String toString() {
            return each + " at each endpoint, at most " + most;
        }
    }

    /** @param seats 0 or more */
    record Held(int seats) implements PoolSize {
        public Held {
            if (seats < 0) {
                throw new IllegalArgumentException("seats: " + seats + " (expected: 0 or more)");
            }
        }

        @Override
        public int seats(int endpoints) {
            return seats;
        }

        @Override
        public String toString() {
            return seats + " held";
        }
    }
}
