package io.evenkeel.spi;

import java.util.Objects;

/**
 * How many seats a pool has, who owns the connections on them, and how a connection gets from one endpoint to another.
 * Immutable.
 *
 * <table>
 *   <caption>The three policies</caption>
 *   <tr><th>policy</th><th>seats</th><th>a connection belongs to</th><th>for</th></tr>
 *   <tr><td>{@link #budgeted}</td><td>a budget, split over the endpoints</td><td>the pool</td><td>JDBC</td></tr>
 *   <tr><td>{@link #perEndpoint}</td><td>some at each endpoint, up to a bound</td><td>the
 *   pool</td><td>RSocket</td></tr>
 *   <tr><td>{@link #held}</td><td>as many as are wanted now</td><td>the application</td><td>AMQP</td></tr>
 * </table>
 */
public sealed interface SeatPolicy {

    /** How a connection gets from one endpoint to another. */
    enum Movement {
        /**
         * One seat is retired and another opened: {@link EndpointConnections#retire} and {@link
         * EndpointConnections#open}.
         */
        REPLACE,
        /**
         * In one verb, {@link EndpointConnections#move}, because the new connection must exist before the old is left.
         */
        WHOLE
    }

    /**
     * The pool's seats while this many endpoints take part; at least 1, except in a pool of held seats that has none.
     */
    int seats(int endpoints);

    /** How a connection gets from one endpoint to another. */
    Movement movement();

    /**
     * Whether the pool owns its connections, and may therefore close an idle one and count against a budget. Where it
     * does not, a connection is only ever moved as a whole, and one that is lost is opened again wherever that is
     * possible.
     */
    boolean isPoolOwned();

    /**
     * Whether an endpoint's weight, and its slow start, are a matter of how many seats it has. Where one connection
     * carries any number of requests they are a matter of how many requests it gets, which the adapter sees to:
     * weighing both would square the weights, and leave a light endpoint, or one that starts slowly, without any
     * connection.
     */
    default boolean areSeatsWeighted() {
        return true;
    }

    /**
     * Always this many, the budget of the whole pool; a move replaces one connection by another.
     *
     * @throws IllegalArgumentException if {@code seats} is below 1
     */
    static SeatPolicy budgeted(int seats) {
        return new Budgeted(seats, Movement.REPLACE);
    }

    /**
     * So many at each endpoint, independent of its weight, and never more than {@code most} in all; for connections
     * that carry any number of requests. They move as a whole.
     *
     * @throws IllegalArgumentException if {@code each} is below 1 or {@code most} below {@code each}
     */
    static SeatPolicy perEndpoint(int each, int most) {
        return new PerEndpoint(each, most);
    }

    /**
     * As many as are held at this moment; {@link EndpointSignals#wanted} and {@link EndpointSignals#released} change
     * it. Each connection is owned by the application until it closes it: it is never retired, only moved as a whole,
     * and when it is lost, or its endpoint can't be reached, its seat goes to any endpoint that can.
     *
     * @throws IllegalArgumentException if {@code seats} is negative
     */
    static SeatPolicy held(int seats) {
        return new Held(seats);
    }

    /**
     * @param seats at least 1
     * @param movement how a connection moves
     */
    record Budgeted(int seats, Movement movement) implements SeatPolicy {
        public Budgeted {
            Objects.requireNonNull(movement, "movement");
            if (seats < 1) {
                throw new IllegalArgumentException("seats: " + seats + " (expected: 1 or more)");
            }
        }

        @Override
        public int seats(int endpoints) {
            return seats;
        }

        @Override
        public boolean isPoolOwned() {
            return true;
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
    record PerEndpoint(int each, int most) implements SeatPolicy {
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
        public boolean areSeatsWeighted() {
            return false;
        }

        @Override
        public Movement movement() {
            return Movement.WHOLE;
        }

        @Override
        public boolean isPoolOwned() {
            return true;
        }

        @Override
        public String toString() {
            return each + " at each endpoint, at most " + most;
        }
    }

    /** @param seats 0 or more */
    record Held(int seats) implements SeatPolicy {
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
        public Movement movement() {
            return Movement.WHOLE;
        }

        @Override
        public boolean isPoolOwned() {
            return false;
        }

        /** The policy with so many more or fewer seats, never below 0. */
        public Held changedBy(int change) {
            return new Held(Math.max(0, seats + change));
        }

        @Override
        public String toString() {
            return seats + " held";
        }
    }
}
