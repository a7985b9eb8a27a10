package io.evenkeel.grpc;

import io.evenkeel.spi.Guard;
import io.evenkeel.time.Scheduler;
import io.grpc.SynchronizationContext;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * A channel's synchronization context as the control thread of its pool: all that touches subchannels has to run there,
 * and so does the pool. A task that throws would put the channel into panic mode, so each runs behind the guard.
 */
final class SyncContextScheduler implements Scheduler {

    private final SynchronizationContext context;
    private final ScheduledExecutorService timer;
    private final Guard guard;

    SyncContextScheduler(SynchronizationContext context, ScheduledExecutorService timer, Guard guard) {
        this.context = context;
        this.timer = timer;
        this.guard = guard;
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
        Runnable guarded = () -> guard.run("a step of the control loop", null, task::run);
        if (delay.isNegative() || delay.isZero()) {
            boolean[] cancelled = new boolean[1];
            context.execute(() -> {
                if (!cancelled[0]) {
                    guarded.run();
                }
            });
            return () -> context.execute(() -> cancelled[0] = true);
        }
        SynchronizationContext.ScheduledHandle handle =
                context.schedule(guarded, delay.toNanos(), TimeUnit.NANOSECONDS, timer);
        // The handle may be touched in the context only.
        return () -> context.execute(handle::cancel);
    }
}
