package io.evenkeel.rsocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Netty's leak detector at paranoid level, which also keeps what it found: the module's pom names it to Netty. */
@SuppressWarnings("deprecation") // Netty calls this constructor
public final class LeakCount<T> extends ResourceLeakDetector<T> {

    private static final List<String> LEAKS = new CopyOnWriteArrayList<>();

    public LeakCount(Class<?> type, int samplingInterval) {
        super(type, samplingInterval);
    }

    public LeakCount(Class<?> type, int samplingInterval, long maxActive) {
        super(type, samplingInterval, maxActive);
    }

    @Override
    protected boolean needReport() {
        return true;
    }

    @Override
    protected void reportTracedLeak(String type, String records) {
        LEAKS.add(type + records);
    }

    @Override
    protected void reportUntracedLeak(String type) {
        LEAKS.add(type);
    }

    /** What was dropped without being released, as far as the collector has found it. */
    static List<String> leaks() {
        for (int i = 0; i < 5; i++) {
            System.gc();
            System.runFinalization();
            // Found at the next allocation.
            for (int j = 0; j < 50; j++) {
                ByteBuf buffer = ByteBufAllocator.DEFAULT.buffer(8);
                buffer.release();
            }
        }
        return List.copyOf(LEAKS);
    }

    /** Loses a buffer, to see that losing one is seen. */
    static boolean sees() {
        lose();
        boolean seen = leaks().stream().anyMatch(leak -> leak.contains("ByteBuf"));
        LEAKS.clear();
        return seen;
    }

    private static void lose() {
        for (int i = 0; i < 20; i++) {
            ByteBufAllocator.DEFAULT.buffer(16).writeByte(1);
        }
    }
}
