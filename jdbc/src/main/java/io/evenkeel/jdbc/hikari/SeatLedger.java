package io.evenkeel.jdbc.hikari;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenkeel.spi.EndpointConnections.Load;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The seats at one Pod, and how many connections to it there really are. Thread-safe.
 *
 * <p>Invariants, held under {@link #lock}:
 *
 * <ol>
 *   <li>connections + dials in flight ≤ seats. A dial begins only below {@code seats − closing}, and a seat is gone
 *       only when there is one connection fewer than seats, so the sum over all Pods never exceeds the budget at the
 *       servers.
 *   <li>Seats that are free or taken are as many as connections that the pool has. Where a connection comes or goes by
 *       itself, {@link #reconcile} makes it true again; until then a seat may be without a connection, which its next
 *       holder finds out.
 * </ol>
 *
 * <p>Lock order: this lock is never held while another lock is taken, nor while anything else of ours is called.
 */
final class SeatLedger {
    /** A seat that is being retired, and who receives the outcome. */
    record Retirement(Seat seat, Runnable done) {}

    // Read on every acquire or release and written rarely, so these may share a cache line.
    private volatile boolean lacking;
    private volatile Seat[] seats = {};

    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final ArrayDeque<Retirement> closing = new ArrayDeque<>();

    @GuardedBy("lock")
    private int connections;

    @GuardedBy("lock")
    private int notDelivered;

    @GuardedBy("lock")
    private int dials;

    @GuardedBy("lock")
    private boolean shut;

    Seat[] seats() {
        return seats;
    }

    void add(Seat seat) {
        lock.lock();
        try {
            Seat[] more = Arrays.copyOf(seats, seats.length + 1);
            more[more.length - 1] = seat;
            seats = more;
        } finally {
            lock.unlock();
        }
    }

    /** How many connections there may be: one per seat that stays. */
    int limit() {
        lock.lock();
        try {
            return seats.length - closing.size();
        } finally {
            lock.unlock();
        }
    }

    int busy() {
        int busy = 0;
        for (Seat seat : seats) {
            if (seat.isBusy()) {
                busy++;
            }
        }
        return busy;
    }

    /** Whether a smaller part of its seats is in use; at equal parts, not. */
    boolean isLessBusyThan(SeatLedger other) {
        return (long) busy() * other.seats.length < (long) other.busy() * seats.length;
    }

    /** Seats in this state now. */
    int count(int state) {
        int count = 0;
        for (Seat seat : seats) {
            count += seat.state() == state ? 1 : 0;
        }
        return count;
    }

    Load load() {
        int busy = 0;
        int marked = 0;
        for (Seat seat : seats) {
            int state = seat.state();
            busy += state == SeatState.TAKEN || state == SeatState.MARKED ? 1 : 0;
            marked += state == SeatState.MARKED ? 1 : 0;
        }
        lock.lock();
        try {
            return new Load(connections, dials, Math.min(busy, connections), marked);
        } finally {
            lock.unlock();
        }
    }

    // --- connections, as they come and go ---

    /** Counts a dial by the pool itself, if a seat is without a connection; else it is not permitted. */
    boolean beginDial() {
        lock.lock();
        try {
            boolean room = !shut && connections + dials < seats.length - closing.size();
            dials += room ? 1 : 0;
            return room;
        } finally {
            lock.unlock();
        }
    }

    /** Counts a dial for a seat that is to be added. */
    boolean beginExtraDial() {
        lock.lock();
        try {
            dials += shut ? 0 : 1;
            return !shut;
        } finally {
            lock.unlock();
        }
    }

    /** A dial succeeded; false if the connection is not wanted any more. */
    boolean connected(boolean delivered) {
        lock.lock();
        try {
            dials--;
            connections++;
            notDelivered += delivered ? 0 : 1;
            return !shut;
        } finally {
            lock.unlock();
        }
    }

    /** The pool took over a connection that was established for it. */
    void delivered() {
        lock.lock();
        try {
            notDelivered--;
        } finally {
            lock.unlock();
        }
    }

    void dialFailed() {
        lock.lock();
        try {
            dials--;
        } finally {
            lock.unlock();
        }
    }

    /** A connection is gone; whether there is room for another one. */
    boolean closed(boolean wasDelivered) {
        lock.lock();
        try {
            connections--;
            notDelivered -= wasDelivered ? 0 : 1;
            return connections + dials < seats.length - closing.size();
        } finally {
            lock.unlock();
        }
    }

    /** Those that are being established included. */
    int connections() {
        lock.lock();
        try {
            return connections + dials;
        } finally {
            lock.unlock();
        }
    }

    /** No dial begins any more. */
    void shut() {
        lock.lock();
        try {
            shut = true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes the seats with a connection as many as the connections.
     *
     * @param mayFill whether a seat that lacks a connection may get one
     * @return whether a seat has become free
     */
    boolean reconcile(boolean mayFill) {
        boolean filled = false;
        lock.lock();
        try {
            int present = Math.min(connections - notDelivered, seats.length - closing.size());
            int dialling = count(SeatState.DIALLING);
            int warm = warm();
            for (int i = 0; mayFill && i < seats.length && warm < present; i++) {
                if (seats[i].fill()) {
                    filled = true;
                    warm++;
                }
            }
            int surplus = warm - dialling - present;
            for (int i = 0; i < seats.length && surplus > 0; i++) {
                surplus -= seats[i].drop() ? 1 : 0;
            }
            lacking = surplus > 0;
        } finally {
            lock.unlock();
        }
        return filled;
    }

    private int warm() {
        int warm = 0;
        for (Seat seat : seats) {
            warm += seat.isWarm() ? 1 : 0;
        }
        return warm;
    }

    /** Whether more seats are in use than there are connections; a caller that returns one then reconciles. */
    boolean isLacking() {
        return lacking;
    }

    // --- seats that are retired ---

    /** Has the seat, which is CLOSING now, go by {@link #settle} once there is a connection fewer than seats. */
    void giveUp(Retirement retirement) {
        lock.lock();
        try {
            closing.addLast(retirement);
        } finally {
            lock.unlock();
        }
    }

    /** Whether a seat is being retired whose connection is still there. */
    boolean isGivingUp() {
        lock.lock();
        try {
            return !closing.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Removes the seats that may go now, and returns them. */
    List<Retirement> settle() {
        List<Retirement> settled = new ArrayList<>();
        lock.lock();
        try {
            while (!closing.isEmpty() && connections + dials < seats.length) {
                Retirement next = closing.removeFirst();
                next.seat().gone();
                seats = Arrays.stream(seats).filter(s -> s != next.seat()).toArray(Seat[]::new);
                settled.add(next);
            }
        } finally {
            lock.unlock();
        }
        return settled;
    }

    @Override
    public String toString() {
        return Arrays.toString(seats) + " " + load();
    }
}
