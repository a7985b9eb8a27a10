package io.evenkeel.watch;

import io.evenkeel.source.SourceContext;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** What watches run on, and how it ends. */
final class WatchThreads {

    private static final int BLOCKING_THREADS = 4;

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
        SystemScheduler scheduler = new SystemScheduler("evenkeel-watch");
        Queue<Thread> started = new ConcurrentLinkedQueue<>();
        ThreadPoolExecutor blocking = new ThreadPoolExecutor(
                BLOCKING_THREADS,
                BLOCKING_THREADS,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                work -> daemon(work, started),
                new ThreadPoolExecutor.DiscardPolicy());
        blocking.allowCoreThreadTimeOut(true);
        SourceContext context = new SourceContext(Ticker.system(), scheduler, blocking, new SplittableRandom());
        return new WatchThreads(context, patience -> end(scheduler, blocking, started, patience));
    }

    private static Thread daemon(Runnable work, Queue<Thread> started) {
        // Idle threads end and others take their place: only those that live need to be waited for.
        started.removeIf(thread -> thread.getState() == Thread.State.TERMINATED);
        Thread thread = new Thread(work, "evenkeel-watch-io");
        thread.setDaemon(true);
        started.add(thread);
        return thread;
    }

    private static void end(
            SystemScheduler scheduler, ThreadPoolExecutor blocking, Queue<Thread> started, Duration patience) {
        // As the last task: closing at once would drop the closing of sources that is still queued.
        scheduler.execute(() -> {
            blocking.shutdownNow();
            scheduler.close();
        });
        // On the watch thread itself this does not wait, and neither may what follows.
        if (!scheduler.awaitEnd(patience)) {
            return;
        }
        try {
            // Interrupted and with their sockets closed, they end at once. The executor counts as terminated a moment
            // before its threads end, so they are joined themselves.
            for (Thread thread : started) {
                TimeUnit.NANOSECONDS.timedJoin(thread, patience.toNanos());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    SourceContext context() {
        return context;
    }

    void end(Duration patience) {
        ending.end(patience);
    }
}
