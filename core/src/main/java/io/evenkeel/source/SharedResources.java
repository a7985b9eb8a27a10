package io.evenkeel.source;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the sources of one {@link SourceContext} have in common, so that two sources that need the same connection or
 * the same watch use one. A resource is made for its first lease and closed with its last. Thread-safe.
 */
public final class SharedResources {

    private final ReentrantLock lock = new ReentrantLock();
    // Invariant under the lock: every entry has leases > 0.
    private final Map<Object, Entry> entries = new HashMap<>();

    private static final class Entry {
        final AutoCloseable resource;
        int leases;

        Entry(AutoCloseable resource) {
            this.resource = resource;
        }
    }

    /**
     * A share in a resource.
     *
     * @param <T> what is shared
     */
    public interface Lease<T> extends AutoCloseable {

        T resource();

        /** Gives the share back; the last one closes the resource. May be called again. */
        @Override
        void close();
    }

    /**
     * Joins the resource of this key, or makes it.
     *
     * @param type of the resource; part of the key
     * @param key equal for those that are to share
     * @param maker makes one; called under a lock, so it must return at once and lease nothing itself
     */
    public <T extends AutoCloseable> Lease<T> lease(Class<T> type, Object key, Supplier<T> maker) {
        Key whole = new Key(type, key);
        lock.lock();
        try {
            Entry entry = entries.computeIfAbsent(whole, absent -> new Entry(maker.get()));
            entry.leases++;
            return new Share<>(type.cast(entry.resource), () -> giveBack(whole));
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(Key key) {
        AutoCloseable unused = null;
        lock.lock();
        try {
            Entry entry = Objects.requireNonNull(entries.get(key));
            entry.leases--;
            if (entry.leases == 0) {
                entries.remove(key);
                unused = entry.resource;
            }
        } finally {
            lock.unlock();
        }
        if (unused != null) {
            close(unused);
        }
    }

    private static void close(AutoCloseable resource) {
        try {
            resource.close();
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException(
                    "closing a shared " + resource.getClass().getName() + " failed", failure);
        }
    }

    private record Key(Class<?> type, Object key) {}

    private static final class Share<T> implements Lease<T> {

        private final T resource;
        private final AtomicReference<@Nullable Runnable> giveBack;

        Share(T resource, Runnable giveBack) {
            this.resource = resource;
            this.giveBack = new AtomicReference<>(giveBack);
        }

        @Override
        public T resource() {
            return resource;
        }

        @Override
        public void close() {
            Runnable first = giveBack.getAndSet(null);
            if (first != null) {
                first.run();
            }
        }
    }
}
