package io.evenkeel.watch;

import io.evenkeel.endpoint.Target;
import io.evenkeel.endpoint.TypeNames;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceCalls;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One source, one watcher, and its listeners. Except where a field says otherwise it lives on the watch thread. */
final class Watch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

    private final Target target;
    private final SourceCalls source;
    private final Scheduler scheduler;
    private final EndpointWatcher watcher;
    private final List<Listener> listeners = new ArrayList<>();
    // Written on the watch thread, read anywhere.
    private volatile WatchSnapshot current;

    Watch(Target target, WatcherConfig config, EndpointSource source, SourceContext context) {
        this.target = target;
        this.source = new SourceCalls(target.toString(), source, context);
        this.scheduler = context.scheduler();
        this.watcher = new EndpointWatcher(
                target.toString(), this.source::facts, config, context.ticker(), scheduler, this::notifyListeners);
        this.current = watcher.current();
    }

    void start() {
        scheduler.execute(() -> source.start(report -> scheduler.execute(() -> accept(report))));
    }

    /** After the last subscriber left; the closing itself begins on the watch thread, after what is queued there. */
    @Override
    public void close() {
        scheduler.execute(() -> {
            watcher.stop();
            closeSource();
        });
    }

    /** Returns at once, also where the source does not. */
    void closeSource() {
        source.close();
    }

    /** Receives that a subscriber ended, once for each. */
    interface Lifecycle {
        void closed();

        void closedWithLinger(Duration linger);
    }

    Subscription add(Consumer<WatchSnapshot> consumer, Lifecycle lifecycle) {
        Listener listener = new Listener(consumer, lifecycle);
        boolean begun = false;
        try {
            scheduler.execute(() -> {
                listeners.add(listener);
                listener.deliver(watcher.current());
            });
            begun = true;
        } finally {
            if (!begun) {
                // For want of memory or a thread: the caller learns it, and the watch has no subscriber more.
                lifecycle.closed();
            }
        }
        return listener;
    }

    private void accept(EndpointSource.Report report) {
        // Before it is accepted: where calls run in place, the answers are published together with the report.
        source.ask(this::answered);
        if (source.isAsking()) {
            watcher.askedFacts();
        }
        try {
            watcher.accept(report);
        } catch (RuntimeException | Error failure) {
            LOG.warn("{}: a report of its source could not be taken", target, failure);
            watcher.accept(new EndpointSource.Failed("a report of the source could not be taken: " + failure, failure));
        } finally {
            current = watcher.current();
        }
    }

    private void answered() {
        watcher.answeredFacts();
        current = watcher.current();
    }

    private void notifyListeners(WatchSnapshot snapshot) {
        current = snapshot;
        // A copy, because a scheduler may run what a consumer schedules before this loop goes on.
        for (Listener listener : List.copyOf(listeners)) {
            listener.deliver(snapshot);
        }
    }

    /** The states of a listener: IDLE and DELIVERING alternate, CLOSED is final, CLOSING only leads there. */
    private enum Delivery {
        IDLE,
        DELIVERING,
        /** Closed by another thread while the consumer was being called. */
        CLOSING,
        CLOSED
    }

    private final class Listener implements Subscription {

        private final Consumer<WatchSnapshot> consumer;
        private final Lifecycle lifecycle;
        private final AtomicReference<Delivery> state = new AtomicReference<>(Delivery.IDLE);
        private final CountDownLatch lastDeliveryEnded = new CountDownLatch(1);
        private volatile @Nullable Thread deliverer;
        private boolean failedBefore;

        Listener(Consumer<WatchSnapshot> consumer, Lifecycle lifecycle) {
            this.consumer = consumer;
            this.lifecycle = lifecycle;
        }

        @Override
        public WatchSnapshot current() {
            return current;
        }

        void deliver(WatchSnapshot snapshot) {
            if (!beginDelivery()) {
                return;
            }
            deliverer = Thread.currentThread();
            try {
                consumer.accept(snapshot);
            } catch (RuntimeException | Error failure) {
                logOnce(failure);
            } finally {
                deliverer = null;
                endDelivery();
            }
        }

        private void logOnce(Throwable failure) {
            if (!failedBefore) {
                failedBefore = true;
                LOG.error(
                        "{}: a consumer of snapshots, {}, failed; said once, it stays subscribed",
                        target,
                        TypeNames.of(consumer),
                        failure);
            }
        }

        private boolean beginDelivery() {
            return state.compareAndSet(Delivery.IDLE, Delivery.DELIVERING);
        }

        private void endDelivery() {
            if (!state.compareAndSet(Delivery.DELIVERING, Delivery.IDLE)) {
                state.set(Delivery.CLOSED);
                lastDeliveryEnded.countDown();
            }
        }

        @Override
        public void close() {
            closeAfter(Duration.ZERO);
        }

        @Override
        public void closeAfter(Duration linger) {
            if (state.compareAndSet(Delivery.IDLE, Delivery.CLOSED)
                    || state.compareAndSet(Delivery.DELIVERING, Delivery.CLOSING)) {
                awaitLastDelivery();
                scheduler.execute(() -> listeners.remove(this));
                if (linger.isNegative() || linger.isZero()) {
                    lifecycle.closed();
                } else {
                    lifecycle.closedWithLinger(linger);
                }
            } else if (state.get() == Delivery.IDLE || state.get() == Delivery.DELIVERING) {
                // The delivery ended or began between the two attempts.
                closeAfter(linger);
            } else {
                awaitLastDelivery();
            }
        }

        private void awaitLastDelivery() {
            boolean interrupted = false;
            while (state.get() == Delivery.CLOSING && deliverer != Thread.currentThread()) {
                try {
                    lastDeliveryEnded.await();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
