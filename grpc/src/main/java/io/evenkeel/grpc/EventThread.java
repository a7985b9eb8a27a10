package io.evenkeel.grpc;

import io.evenkeel.time.SystemScheduler;
import java.util.concurrent.Executor;

/**
 * Runs the application's listener and recorder of one channel, off its synchronization context, which they must not
 * hold up. Thread-safe.
 */
interface EventThread extends Executor {

    /** What was handed over before still runs. Returns at once. */
    void end();

    /** A daemon thread {@code evenkeel-<pool>-events}, started once there is something to report. */
    static EventThread of(String pool) {
        SystemScheduler thread = new SystemScheduler("evenkeel-" + pool + "-events");
        return new EventThread() {
            @Override
            public void execute(Runnable report) {
                thread.execute(report);
            }

            @Override
            public void end() {
                thread.closeAfterQueued();
            }
        };
    }
}
