package io.evenkeel.balance;

import io.evenkeel.time.DueTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * When voluntary moves may happen. Confined to the control thread.
 *
 * <p>The window is cut into as many strata as there are moves, and each move gets a random moment in its own: over many
 * clients the moves are uniform over the window, as if each were drawn freely, but one client's few never bunch at an
 * end. When the plan changes again, moves that wait keep their moments, so that a steady trickle of changes can't put
 * them off for ever. On top of that at most {@code 2 × seats} moves begin within any hour, counted
 * by the most seats that the pool had when one of them began: what a pool moved while it was larger holds up nothing
 * after it was made smaller. A move that closed and opened nothing does not count; it has a back-off of its own.
 */
final class MovePacer {

    private static final long HOUR = Duration.ofHours(1).toNanos();

    private final long windowNanos;
    private final RandomGenerator random;
    private final Deque<Long> due = new ArrayDeque<>();
    private final Deque<Begun> begun = new ArrayDeque<>();

    private record Begun(long at, int seats) {}

    MovePacer(Duration window, RandomGenerator random) {
        this.windowNanos = window.toNanos();
        this.random = random;
    }

    /** Arranges for this many moves to come, from now on. */
    void expect(int moves, long now) {
        while (due.size() > moves) {
            due.removeLast();
        }
        int more = moves - due.size();
        if (more == 0) {
            return;
        }
        List<Long> times = new ArrayList<>(due);
        for (int i = 0; i < more; i++) {
            double stratum = (i + random.nextDouble()) / more;
            times.add(now + (long) (stratum * windowNanos));
        }
        times.sort((a, b) -> Long.signum(a - b));
        due.clear();
        due.addAll(times);
    }

    /** How many are still to come. */
    int expected() {
        return due.size();
    }

    /** When the next may begin; never if none is expected. */
    DueTime nextAt(int seats, long now) {
        Long next = due.peekFirst();
        if (next == null) {
            return DueTime.never();
        }
        forget(now);
        DueTime planned = DueTime.at(next);
        int most = seats;
        for (Begun move : begun) {
            most = Math.max(most, move.seats);
        }
        return begun.size() < 2 * most ? planned : planned.butNotBefore(begun.getFirst().at + HOUR);
    }

    /** Takes the next one, which begins now. */
    void begin(int seats, long now) {
        due.pollFirst();
        begun.addLast(new Begun(now, seats));
    }

    /** A move that had begun closed and opened nothing. */
    void cameToNothing() {
        begun.pollLast();
    }

    /** A move that had begun could not be carried out: it is expected again, this much later. */
    void postpone(long until) {
        List<Long> times = new ArrayList<>(due);
        times.add(until);
        times.sort((a, b) -> Long.signum(a - b));
        due.clear();
        due.addAll(times);
    }

    private void forget(long now) {
        for (Begun first = begun.peekFirst(); first != null && now - first.at >= HOUR; first = begun.peekFirst()) {
            begun.pollFirst();
        }
    }
}
