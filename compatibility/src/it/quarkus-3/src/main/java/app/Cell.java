package app;

import io.evenkeel.status.PoolStatus;
import java.util.function.Supplier;

/** What every cell does: work, wait until a Pod that was added carries work too, and end. */
final class Cell {
    interface Work {
        void once() throws Exception;
    }

    private Cell() {}

    /** Prints CONNECTED when two Pods have connections, SCALED when three have; any failure ends it. */
    static void run(Supplier<PoolStatus> status, Work work) throws Exception {
        await(2, status, work);
        System.out.println("CONNECTED");
        await(3, status, work);
        System.out.println("SCALED");
    }

    private static void await(int pods, Supplier<PoolStatus> status, Work work) throws Exception {
        long end = System.nanoTime() + 60_000_000_000L;
        while (status.get().endpoints().stream().filter(pod -> pod.open() > 0).count() < pods) {
            work.once();
            Thread.sleep(5);
            if (System.nanoTime() > end) {
                throw new IllegalStateException("no connection to " + pods + " Pods after a minute: " + status.get());
            }
        }
    }
}
