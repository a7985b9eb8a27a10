package io.evenkeel.source;

import io.evenkeel.time.Scheduler;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Repeats a reading that may block, for as long as its source lives: read on the executor for blocking work, hand over
 * on the scheduler, wait, read again. For those who implement {@link EndpointSource}.
 *
 * <pre>
 *   scheduler   begin ─┐            ┌─ handle ── wait ──┐            ┌─ overdue ─┐
 *   blocking           └── read ────┘                   └── read … … … … … … …   └── read ──
 * </pre>
 *
 * <p>Anything that a reading throws, Errors included, and an executor that refuses it, is this reading's failure; the
 * next one comes. A reading that takes longer than the patience is reported as overdue, and one more is started; of
 * more than two that hang, none is started, so that a file system or server that never answers occupies at most two
 * threads.
 *
 * <p>Invariant: from {@link #begin} until the source is closed a timer is pending on the scheduler: the wait for the
 * next reading, or the patience with the current one. Every step sets the next timer before the handler runs or fails.
 * The fields belong to the scheduler.
 *
 * @param <R> what a reading gives
 */
public final class Polling<R> {

    private static final int MOST_AT_ONCE = 2;

    /** Runs on a thread that may block. */
    @FunctionalInterface
    public interface Reading<R> {
        R read() throws Exception;
    }

    /** Called on the scheduler, with at most one call at a time. */
    public interface Handler<R> {

        /** A reading ended. @return how long to wait before the next one */
        Duration handle(R result);

        /** A reading threw, or could not be started. @return how long to wait before the next one */
        Duration failed(Throwable why);

        /** No result within the patience; one that comes later is still handled, unless a newer one came first. */
        void overdue(Duration patience);
    }

    private final SourceContext context;
    private final SourceLifecycle life;
    private final Duration patience;
    private final Reading<R> reading;
    private final Handler<R> handler;

    private Scheduler.@Nullable Cancellable timer;
    private volatile long started;
    private long handled;
    private int running;

    /**
     * A poll that has not begun.
     *
     * @param life of the source; after its close nothing is read or handled any more
     * @param patience how long a reading may take; also the wait after a handler that throws. Above 0
     */
    public Polling(
            SourceContext context, SourceLifecycle life, Duration patience, Reading<R> reading, Handler<R> handler) {
        this.context = Objects.requireNonNull(context, "context");
        this.life = Objects.requireNonNull(life, "life");
        this.patience = Objects.requireNonNull(patience, "patience");
        this.reading = Objects.requireNonNull(reading, "reading");
        this.handler = Objects.requireNonNull(handler, "handler");
    }

    /** Starts the first reading; called once. */
    public void begin() {
        context.scheduler().execute(this::read);
    }

    /** How many readings have begun. Thread-safe. */
    public long readings() {
        return started;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written on the scheduler only
    private void read() {
        if (life.isClosed()) {
            return;
        }
        long turn = ++started;
        running++;
        arm(patience, () -> overdue(turn));
        try {
            context.blocking().execute(() -> run(turn));
        } catch (RuntimeException | Error refused) {
            settle(turn, () -> handler.failed(refused));
        }
    }

    private void run(long turn) {
        R result;
        try {
            result = reading.read();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            handOver(turn, () -> handler.failed(interrupted));
            return;
        } catch (Throwable failure) {
            handOver(turn, () -> handler.failed(failure));
            return;
        }
        handOver(turn, () -> handler.handle(result));
    }

    private interface Step {
        Duration run();
    }

    private void handOver(long turn, Step step) {
        context.scheduler().execute(() -> settle(turn, step));
    }

    private void settle(long turn, Step step) {
        running--;
        if (life.isClosed()) {
            cancelTimer();
            return;
        }
        if (turn < handled) {
            return;
        }
        handled = turn;
        Duration wait = patience;
        try {
            wait = step.run();
        } finally {
            if (turn == started) {
                arm(wait, this::read);
            }
        }
    }

    private void overdue(long turn) {
        if (turn != started || life.isClosed()) {
            return;
        }
        try {
            handler.overdue(patience);
        } finally {
            if (running < MOST_AT_ONCE) {
                read();
            } else {
                arm(patience, () -> overdue(turn));
            }
        }
    }

    private void cancelTimer() {
        Scheduler.Cancellable pending = timer;
        if (pending != null) {
            pending.cancel();
        }
    }

    private void arm(Duration wait, Runnable next) {
        cancelTimer();
        timer = life.isClosed() ? null : context.scheduler().schedule(wait, next);
    }
}
