package io.evenkeel.source;

import io.evenkeel.endpoint.Endpoint;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A source that says what a test tells it to say. Thread-safe. */
public final class FakeSource implements EndpointSource {

    private final AtomicInteger closed = new AtomicInteger();
    private volatile @Nullable Observer observer;
    private volatile @Nullable String trouble;

    @Override
    public void start(Observer toTell) {
        if (observer != null) {
            throw new IllegalStateException("started before (expected: once)");
        }
        observer = toTell;
    }

    @Override
    public void close() {
        closed.incrementAndGet();
    }

    @Override
    public @Nullable String trouble() {
        return trouble;
    }

    /** What doesn't work although it answers. */
    public void trouble(@Nullable String what) {
        trouble = what;
    }

    public boolean isStarted() {
        return observer != null;
    }

    public boolean isClosed() {
        return closed.get() > 0;
    }

    /** Reports that exactly these are there. */
    public void endpoints(Endpoint... endpoints) {
        report(new Endpoints(List.of(endpoints)));
    }

    public void missing(String reason) {
        report(new Missing(reason));
    }

    public void failed(String reason) {
        report(new Failed(reason, null));
    }

    /** Reports anything; after closing it is dropped, as a real source would. */
    public void report(Report report) {
        Observer told = observer;
        if (told == null) {
            throw new IllegalStateException("not started (expected: a watch that was started; run what is due first)");
        }
        if (!isClosed()) {
            told.on(report);
        }
    }
}
