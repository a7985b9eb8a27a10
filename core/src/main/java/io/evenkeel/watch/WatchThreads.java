package io.evenkeel.watch;

import io.evenkeel.source.SharedResources;
import io.evenkeel.source.SourceCalls;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** What watches run on, and how it ends. */
final class WatchThreads implements AutoCloseable {

    private static final int BLOCKING_THREADS = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final SourceContext context;
    private final Ending ending;

    private interface Ending {
        void end(Duration patience);
    }

    private WatchThreads(SourceContext context, Ending ending) {
        this.context = context;
        this.ending = ending;
    }

    /** The caller's: ending these leaves them as they are. */
    static WatchThreads borrowed(SourceContext context) {
        return new WatchThreads(context, patience -> {});
    }

    /** Our own threads; each starts when it is first needed. */
    static WatchThreads start() {
        Queue<Thread> started = new ConcurrentLinkedQueue<>();
        ThreadPoolExecutor blocking = new ThreadPoolExecutor(
                BLOCKING_THREADS,
                BLOCKING_THREADS,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                work -> daemon(work, "evenkeel-watch-io", started),
                new ThreadPoolExecutor.DiscardPolicy());
        blocking.allowCoreThreadTimeOut(true);
        SourceThreads calls = new SourceThreads(new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                10,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                work -> daemon(work, "evenkeel-watch-source", started)));
        Own own = new Own(Ticker.system(), new SystemScheduler("evenkeel-watch"), blocking, calls, started);
        SourceContext context = new SourceContext(
                own.ticker, own.scheduler, blocking, new SplittableRandom(), new SharedResources(), calls);
        return new WatchThreads(context, own::end);
    }

    private static Thread daemon(Runnable work, String name, Queue<Thread> started) {
        // Idle threads end and others take their place: only those that live need to be waited for.
        started.removeIf(thread -> thread.getState() == Thread.State.TERMINATED);
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        started.add(thread);
        return thread;
    }

    /** One set of threads: the scheduler's, those for work that blocks, and those that call sources. */
    private record Own(
            Ticker ticker,
            SystemScheduler scheduler,
            ThreadPoolExecutor blocking,
            SourceThreads calls,
            Queue<Thread> started) {

        /** All that follows shares one deadline. */
        void end(Duration patience) {
            long begin = ticker.nanos();
            // As the last task: sources whose closing is still queued are to be closed, and may use the scheduler.
            scheduler.execute(() -> {
                scheduler.schedule(SourceCalls.CLOSE_DEADLINE, this::shutDown);
                calls.whenIdle(() -> scheduler.execute(this::shutDown));
            });
            // On the watch thread itself this does not wait, and neither may what follows.
            if (scheduler.awaitEnd(patience)) {
                join(patience.minusNanos(ticker.nanos() - begin));
            }
        }

        private void shutDown() {
            calls.end();
            blocking.shutdownNow();
            scheduler.close();
        }

        /**
         * Interrupted and with their sockets closed, they end at once. The executor counts as terminated a moment
         * before its threads end, so they are joined themselves. A source's call that ignores the interrupt is left
         * behind when the time is over.
         */
        private void join(Duration patience) {
            long begin = ticker.nanos();
            try {
                for (Thread thread : started) {
                    long left = patience.toNanos() - (ticker.nanos() - begin);
                    if (left > 0) {
                        TimeUnit.NANOSECONDS.timedJoin(thread, left);
                    }
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    SourceContext context() {
        return context;
    }

    /** Ends them and waits for that up to 5 s, except on the watch thread itself. */
    @Override
    public void close() {
        ending.end(PATIENCE);
    }
}
