package io.evenkeel.rsocket;

import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * A stream whose policy is not to stick: one or, if it is resubscribed, several {@link Request}s one after another, as
 * one stream to its subscriber.
 *
 * <p>Signals come from the event loops of one connection or two, from timers and from the subscriber. All of them are
 * taken one at a time, in the order in which they arrive; so the subscriber sees one signal at a time. Each request is
 * a generation; what an earlier one still sends is released. Demand is what the subscriber asked for less what it got,
 * and all of it goes to the current generation.
 *
 * <p>Invariants: {@code working} is above zero exactly while a thread has, or an executor's task is to have, the queue.
 * The application's code (subscriber, resumer) is run by the thread that brought the signal, or by the executor if
 * another thread has the queue: never on the control thread, never on another connection's event loop. What it throws
 * ends this stream only, and never leaves the queue without a thread.
 */
final class MovableStream implements Subscription {

    /** How often in a row a stream is continued after a loss without an element in between. */
    private static final int ATTEMPTS = 3;

    private final Router router;
    private final Interaction interaction;
    private final LongStreamPolicy policy;
    private final @Nullable StreamResumer resumer;
    private final CoreSubscriber<? super Payload> actual;

    private final AtomicInteger working = new AtomicInteger();
    private final Queue<Task> tasks = new ConcurrentLinkedQueue<>();

    /**
     * What is to be done.
     *
     * @param by the thread that brought it
     * @param foreign whether it may run the application's code
     */
    private record Task(Thread by, boolean foreign, Runnable action) {}

    // Below: only by the thread that has the queue.
    private int generation;
    private @Nullable Subscription current;
    private long demand;
    private int fruitless;
    private boolean done;

    MovableStream(
            Router router, Interaction interaction, LongStreamPolicy policy, CoreSubscriber<? super Payload> actual) {
        this.router = router;
        this.interaction = interaction;
        this.policy = policy;
        this.resumer = policy instanceof LongStreamPolicy.Resubscribe resubscribe
                ? resubscribe.resumers().get()
                : null;
        this.actual = actual;
    }

    void begin(Object input) {
        actual.onSubscribe(this);
        run(true, () -> start(input));
    }

    private void run(boolean foreign, Runnable action) {
        tasks.add(new Task(Thread.currentThread(), foreign, action));
        if (working.getAndIncrement() == 0) {
            work(false);
        }
    }

    /** @param anywhere whether this thread may run the application's code for any signal: the executor's may */
    private void work(boolean anywhere) {
        int missed = working.get();
        do {
            for (Task task = tasks.peek(); task != null; task = tasks.peek()) {
                if (task.foreign && !anywhere && task.by != Thread.currentThread()) {
                    handOver();
                    return;
                }
                tasks.poll();
                guarded(task.action);
            }
            missed = working.addAndGet(-missed);
        } while (missed != 0);
    }

    /** The queue stays taken until the executor has it. */
    private void handOver() {
        try {
            router.signals().execute(() -> work(true));
        } catch (RejectedExecutionException e) {
            // It is being shut down with the application; the stream is to end all the same.
            work(true);
        }
    }

    @SuppressWarnings("IllegalCatch") // subscribers and resumers may throw anything
    private void guarded(Runnable action) {
        try {
            action.run();
        } catch (Throwable e) {
            done = true;
            leaveCurrent();
            router.guard().failed("a stream's subscriber", null, e);
        }
    }

    private void start(Object input) {
        if (done) {
            if (input instanceof Payload payload) {
                ReferenceCountUtil.safeRelease(payload);
            }
            return;
        }
        generation++;
        current = null;
        Generation next = new Generation(generation);
        new Request(router, interaction, next).begin(input);
    }

    @Override
    public void request(long n) {
        if (Operators.validate(n)) {
            run(false, () -> {
                demand = Operators.addCap(demand, n);
                Subscription to = current;
                if (to != null) {
                    to.request(n);
                }
            });
        }
    }

    @Override
    public void cancel() {
        run(false, () -> {
            done = true;
            leaveCurrent();
        });
    }

    private void leaveCurrent() {
        generation++;
        Subscription left = current;
        current = null;
        if (left != null) {
            left.cancel();
        }
    }

    private void fail(Throwable error) {
        done = true;
        actual.onError(error);
    }

    private void next(int of, Payload payload) {
        if (of != generation || done) {
            ReferenceCountUtil.safeRelease(payload);
            return;
        }
        if (demand != Long.MAX_VALUE) {
            demand--;
        }
        fruitless = 0;
        if (isNoted(payload)) {
            actual.onNext(payload);
        }
    }

    @SuppressWarnings("IllegalCatch") // a resumer may throw anything
    private boolean isNoted(Payload payload) {
        if (resumer != null) {
            try {
                resumer.delivered(payload);
            } catch (Throwable e) {
                // Where the stream has got to is not known any more.
                ReferenceCountUtil.safeRelease(payload);
                leaveCurrent();
                fail(e);
                return false;
            }
        }
        return true;
    }

    private void error(int of, Throwable error) {
        if (of != generation || done) {
            return;
        }
        boolean ours = error instanceof ConnectionLostException || error instanceof DrainDeadlineException;
        if (!ours || fruitless >= ATTEMPTS || !resubscribe(error)) {
            fail(error);
        }
    }

    private void complete(int of) {
        if (of == generation && !done) {
            done = true;
            actual.onComplete();
        }
    }

    /** Its connection takes no new requests any more. */
    private void draining(int of, PodConnection connection) {
        if (of != generation || done) {
            return;
        }
        if (policy instanceof LongStreamPolicy.Deadline deadline) {
            router.scheduler()
                    .schedule(
                            deadline.grace(),
                            () -> soon(() -> {
                                if (of == generation && !done) {
                                    leaveCurrent();
                                    fail(router.cut(connection, deadline.grace()));
                                }
                            }));
        } else {
            // Where it can't be continued it stays, as long as its connection does. A move is no failure, and
            // not counted.
            resubscribe(null);
        }
    }

    /** From the control thread: the application's code is the executor's to run. */
    private void soon(Runnable action) {
        router.signals().execute(() -> run(true, action));
    }

    /**
     * Continues elsewhere, if the resumer can.
     *
     * @param loss why, if the connection was lost
     * @return false if the stream is where it was
     */
    @SuppressWarnings("IllegalCatch") // a resumer may throw anything
    private boolean resubscribe(@Nullable Throwable loss) {
        Payload rest;
        try {
            rest = resumer == null ? null : resumer.resume();
        } catch (Throwable e) {
            if (loss != null) {
                e.addSuppressed(loss);
            }
            leaveCurrent();
            fail(e);
            return true;
        }
        if (rest == null) {
            return false;
        }
        if (loss != null) {
            fruitless++;
        }
        leaveCurrent();
        start(rest);
        return true;
    }

    /** One request of the stream. */
    private final class Generation implements CoreSubscriber<Payload>, PodConnection.Follower {
        private final int number;

        Generation(int number) {
            this.number = number;
        }

        @Override
        public void onSubscribe(Subscription s) {
            run(false, () -> {
                if (number != generation || done) {
                    s.cancel();
                    return;
                }
                current = s;
                if (demand > 0) {
                    s.request(demand);
                }
            });
        }

        @Override
        public void onNext(Payload payload) {
            // Nearly always the queue is free and empty.
            if (working.compareAndSet(0, 1)) {
                guarded(() -> next(number, payload));
                if (working.decrementAndGet() != 0) {
                    work(false);
                }
            } else {
                run(true, () -> next(number, payload));
            }
        }

        @Override
        public void onError(Throwable error) {
            run(true, () -> error(number, error));
        }

        @Override
        public void onComplete() {
            run(true, () -> complete(number));
        }

        @Override
        public void draining(PodConnection connection) {
            soon(() -> MovableStream.this.draining(number, connection));
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }
    }
}
