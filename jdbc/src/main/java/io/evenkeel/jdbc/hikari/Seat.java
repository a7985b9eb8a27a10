package io.evenkeel.jdbc.hikari;

/**
 * The right to one connection at one Pod. Which of the Pod's connections its holder gets, is the Pod's pool's choice.
 */
abstract sealed class Seat extends SeatState permits Seat.Padded {
    final Lane lane;

    private Seat(Lane lane, int state) {
        super(state);
        this.lane = lane;
    }

    static Seat of(Lane lane, int state) {
        return new Padded(lane, state);
    }

    /** The only kind there is. */
    @SuppressWarnings("unused")
    static final class Padded extends Seat {
        private long q0, q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13, q14, q15;

        private Padded(Lane lane, int state) {
            super(lane, state);
        }
    }
}
