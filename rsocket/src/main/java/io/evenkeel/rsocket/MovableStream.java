package io.evenkeel.rsocket;

import io.evenkeel.time.Scheduler;
import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * A stream whose policy is not to stick: one or, if it is resubscribed, several {@link Request}s one after another, as one
 * stream to its subscriber.
 *
 * <p>Signals come from the event loops of one connection or two, from the control thread (a drain, a deadline) and from the
 * subscriber. All of them are taken one at a time, in the order in which they arrive, by whichever thread finds nobody else
 * at it; so the subscriber sees one signal at a time. Each request is a generation; what an earlier one still sends is
 * released. Demand is what the subscriber asked for less what it got, and all of it goes to the current generation.
 */
final class MovableStream implements Subscription {

    /** How often a stream is resubscribed without an element in between. */
    private static final int ATTEMPTS = 3;

    private final Router router;
    private final Scheduler scheduler;
    private final Interaction interaction;
    private final LongStreamPolicy policy;
    private final @Nullable StreamResumer resumer;
    private final CoreSubscriber<? super Payload> actual;

    private final AtomicInteger working = new AtomicInteger();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    // Below: only by whoever works.
    private int generation;
    private @Nullable Subscription current;
    private long demand;
    private int fruitless;
    private boolean done;

    MovableStream(
            Router router,
            Scheduler scheduler,
            Interaction interaction,
            LongStreamPolicy policy,
            CoreSubscriber<? super Payload> actual) {
        this.router = router;
        this.scheduler = scheduler;
        this.interaction = interaction;
        this.policy = policy;
        this.resumer = policy instanceof LongStreamPolicy.Resubscribe resubscribe
                ? resubscribe.resumers().get()
                : null;
        this.actual = actual;
    }

    void begin(Object input) {
        actual.onSubscribe(this);
        run(() -> start(input));
    }

    private void run(Runnable task) {
        tasks.add(task);
        if (working.getAndIncrement() == 0) {
            work(1);
        }
    }

    private void work(int seen) {
        int missed = seen;
        while (missed != 0) {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
            missed = working.addAndGet(-missed);
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
            run(() -> {
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
        run(() -> {
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
        if (resumer != null) {
            resumer.delivered(payload);
        }
        actual.onNext(payload);
    }

    private void error(int of, Throwable error) {
        if (of != generation || done) {
            return;
        }
        boolean ours = error instanceof ConnectionLostException || error instanceof DrainDeadlineException;
        if (!ours || !resubscribe()) {
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
            scheduler.schedule(
                    deadline.grace(),
                    () -> run(() -> {
                        if (of == generation && !done) {
                            leaveCurrent();
                            fail(router.cut(connection, deadline.grace()));
                        }
                    }));
        } else {
            // Where it can't be continued it stays, as long as its connection does.
            resubscribe();
        }
    }

    private boolean resubscribe() {
        if (resumer == null || fruitless >= ATTEMPTS) {
            return false;
        }
        Payload rest = resumer.resume();
        if (rest == null) {
            return false;
        }
        fruitless++;
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
            run(() -> {
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
            // Nearly always nobody else is at it.
            if (working.compareAndSet(0, 1)) {
                next(number, payload);
                int missed = working.decrementAndGet();
                if (missed != 0) {
                    work(missed);
                }
            } else {
                run(() -> next(number, payload));
            }
        }

        @Override
        public void onError(Throwable error) {
            run(() -> error(number, error));
        }

        @Override
        public void onComplete() {
            run(() -> complete(number));
        }

        @Override
        public void draining(PodConnection connection) {
            run(() -> MovableStream.this.draining(number, connection));
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }
    }
}
