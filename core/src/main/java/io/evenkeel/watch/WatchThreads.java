package io.evenkeel.watch;

import io.evenkeel.source.SourceContext;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

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

    /** Somebody else's: ending these leaves them as they are. */
    static WatchThreads borrowed(SourceContext context) {
        return new WatchThreads(context, patience -> {});
    }

    /** Our own threads; each starts when it is first needed. */
    static WatchThreads start() {
        SystemScheduler scheduler = new SystemScheduler("evenkeel-watch");
        ThreadPoolExecutor blocking = new ThreadPoolExecutor(
                BLOCKING_THREADS,
                BLOCKING_THREADS,
                10,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                daemons("evenkeel-watch-io-"),
                new ThreadPoolExecutor.DiscardPolicy());
        blocking.allowCoreThreadTimeOut(true);
        SourceContext context = new SourceContext(Ticker.system(), scheduler, blocking, new SplittableRandom());
        return new WatchThreads(context, patience -> end(scheduler, blocking, patience));
    }

    private static ThreadFactory daemons(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, prefix + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static void end(SystemScheduler scheduler, ThreadPoolExecutor blocking, Duration patience) {
        // As the last task: closing at once would drop the closing of sources that is still queued.
        scheduler.execute(() -> {
            blocking.shutdownNow();
            scheduler.close();
        });
        // On the watch thread itself this does not wait, and neither may what follows.
        if (scheduler.awaitEnd(patience)) {
            try {
                // Interrupted and with their sockets closed, they end at once; what they wait for is not ours to leak.
                blocking.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    SourceContext context() {
        return context;
    }

    void end(Duration patience) {
        ending.end(patience);
    }
}
