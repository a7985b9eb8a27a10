package io.evenkeel.jdbc.pool;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointSignals;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One Pod: its seats, and how connecting to it goes.
 *
 * <p>Invariant (budget): every connection at the server belongs to a seat that is not EMPTY, or to the one dial that
 * core asked for by {@code open} and counts itself. A seat is EMPTY or GONE only after its connection's close has
 * ended. So there are never more connections than core has granted.
 */
final class Pod {
    private static final Seat[] NONE = {};
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final long LONGEST_BACKOFF_MILLIS = 5_000;

    /** Dials that are long over due and have not ended, each of which holds a thread. */
    private static final int MOST_OVERDUE = 2;

    private final EndpointSignals signals;
    private final EndpointKey key;
    private volatile Endpoint endpoint;

    // Read on acquires and releases, written rarely.
    private volatile Seat[] seats = NONE;
    private volatile boolean routable;
    private volatile int successesOwed;

    private volatile boolean left;
    private volatile @Nullable Throwable lastFailure;
    private volatile boolean failing;
    private volatile @Nullable DataSource dataSource;

    final Silence silence = new Silence();

    /** Whether its idle connections are being tested. */
    final AtomicBoolean sweeping = new AtomicBoolean();

    private final ReentrantLock lock = new ReentrantLock();

    /** Connections that core asked for, and that wait for the dial before them. */
    @GuardedBy("lock")
    private final Queue<Consumer<OpenOutcome>> opens = new ArrayDeque<>();

    @GuardedBy("lock")
    private boolean dialling;

    @GuardedBy("lock")
    private boolean openInFlight;

    @GuardedBy("lock")
    private int overdue;

    /** The dial has taken so long that nothing is to be expected of it. */
    private volatile boolean slow;

    private volatile int failures;
    private volatile long retryAt;

    Pod(Endpoint endpoint, EndpointSignals signals, long now) {
        this.key = endpoint.key();
        this.endpoint = endpoint;
        this.signals = signals;
        this.retryAt = now;
    }

    EndpointKey key() {
        return key;
    }

    void describe(Endpoint newer) {
        endpoint = newer;
    }

    Seat[] seats() {
        return seats;
    }

    boolean isRoutable() {
        return routable;
    }

    void route(boolean on) {
        routable = on && !left;
    }

    void leave() {
        left = true;
        routable = false;
    }

    boolean hasLeft() {
        return left;
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

    void remove(Seat seat) {
        lock.lock();
        try {
            seats = Arrays.stream(seats).filter(s -> s != seat).toArray(Seat[]::new);
        } finally {
            lock.unlock();
        }
    }

    int count(int state) {
        int count = 0;
        for (Seat seat : seats) {
            count += seat.state() == state ? 1 : 0;
        }
        return count;
    }

    int busy() {
        int busy = 0;
        for (Seat seat : seats) {
            busy += seat.isBusy() ? 1 : 0;
        }
        return busy;
    }

    /**
     * By how many connections in use it is busier than the other, for the seats that they have; negative for less
     * busy.
     */
    int busierBy(Pod other) {
        int its = other.seats.length;
        return its == 0 ? 0 : busy() - (int) ((long) other.busy() * seats.length + its - 1) / its;
    }

    Load load() {
        int open = 0;
        int dials = 0;
        int busy = 0;
        int marked = 0;
        for (Seat seat : seats) {
            int state = seat.state();
            open += seat.isConnected() ? 1 : 0;
            dials += state == SeatWord.DIALLING ? 1 : 0;
            busy += state == SeatWord.TAKEN || state == SeatWord.MARKED ? 1 : 0;
            marked += state == SeatWord.MARKED ? 1 : 0;
        }
        lock.lock();
        try {
            dials += openInFlight ? 1 : 0;
        } finally {
            lock.unlock();
        }
        return new Load(open, dials, Math.min(busy, open), marked);
    }

    // --- dials: one at a time ---

    /** Takes the right to dial for an EMPTY seat; null if a dial is under way or no seat is EMPTY. */
    @Nullable
    Seat beginDial() {
        lock.lock();
        try {
            if (dialling || left || overdue >= MOST_OVERDUE || !opens.isEmpty()) {
                return null;
            }
            for (Seat seat : seats) {
                if (seat.startDialling()) {
                    dialling = true;
                    return seat;
                }
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    /** Queues what core asked for. */
    void queue(Consumer<OpenOutcome> open) {
        lock.lock();
        try {
            opens.add(open);
        } finally {
            lock.unlock();
        }
    }

    /** Takes the right to dial for what core asked for; null if a dial is under way or nothing was asked for. */
    @Nullable
    Consumer<OpenOutcome> beginOpen() {
        lock.lock();
        try {
            Consumer<OpenOutcome> next = dialling || overdue >= MOST_OVERDUE ? null : opens.poll();
            if (next != null) {
                dialling = true;
                openInFlight = true;
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Takes one that waits, without dialling. */
    @Nullable
    Consumer<OpenOutcome> pollOpen() {
        lock.lock();
        try {
            return opens.poll();
        } finally {
            lock.unlock();
        }
    }

    void dialEnded() {
        lock.lock();
        try {
            dialling = false;
            openInFlight = false;
            slow = false;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Its time is over and nothing says whether it ever ends; {@link #dialEnded} follows, so that another may begin.
     */
    void dialOverdue() {
        lock.lock();
        try {
            overdue++;
        } finally {
            lock.unlock();
        }
    }

    void overdueEnded() {
        lock.lock();
        try {
            overdue--;
        } finally {
            lock.unlock();
        }
    }

    /** Whether so many dials have not come back that no other begins. */
    boolean isStuck() {
        lock.lock();
        try {
            return overdue >= MOST_OVERDUE;
        } finally {
            lock.unlock();
        }
    }

    boolean isDialling() {
        lock.lock();
        try {
            return dialling;
        } finally {
            lock.unlock();
        }
    }

    /** A dial takes long: false if it has just ended. */
    boolean slowDown() {
        lock.lock();
        try {
            slow = dialling;
            return slow;
        } finally {
            lock.unlock();
        }
    }

    boolean isSlow() {
        return slow;
    }

    /** The data source for this Pod; made at the first dial, so that what throws fails that dial only. */
    DataSource dataSource(Dialler dialler) throws SQLException {
        DataSource made = dataSource;
        if (made == null) {
            made = dialler.dataSource(endpoint);
            dataSource = made;
        }
        return made;
    }

    // --- health ---

    boolean isFailing() {
        return failing;
    }

    @Nullable
    Throwable lastFailure() {
        return lastFailure;
    }

    /** It can't be reached, or a connection to it broke. */
    void failed(Throwable cause) {
        lastFailure = cause;
        signals.failed(key, cause);
        successesOwed = signals.successesWanted(key);
    }

    /** There is no connection, for a reason that says nothing about its health. */
    void refused(Throwable cause) {
        lastFailure = cause;
        signals.refused(key, cause);
    }

    /** After a failed dial. Returns the milliseconds until the next. Confined to the thread that dialled. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    long backOff(long now) {
        failing = true;
        int exponent = Math.min(10, failures);
        failures = failures + 1;
        long millis = Math.min(LONGEST_BACKOFF_MILLIS, FIRST_BACKOFF_MILLIS << exponent);
        retryAt = now + millis * 1_000_000;
        return millis;
    }

    void reached(long now) {
        failing = false;
        failures = 0;
        retryAt = now;
    }

    boolean mayDial(long now) {
        return retryAt - now <= 0;
    }

    boolean owesSuccesses() {
        return successesOwed > 0;
    }

    /** Racing callers may report one more or fewer; nothing depends on the exact number. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    void succeeded() {
        successesOwed = successesOwed - 1;
        signals.succeeded(key);
    }

    /** Has every idle connection looked at before it is handed out. */
    void suspectAll() {
        for (Seat seat : seats) {
            seat.usedAt = Seat.SUSPECT;
        }
    }

    @Override
    public String toString() {
        return key + " " + Arrays.toString(seats) + (isDialling() ? " dialling" : "");
    }
}
