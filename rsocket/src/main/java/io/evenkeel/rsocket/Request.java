package io.evenkeel.rsocket;

import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Scannable;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One request on its way: finds a connection, is counted there, and passes everything on. The one operator between the
 * application and rsocket-java.
 *
 * <pre>
 *            connection there                      answered, failed
 *   NEW ------------------------------&gt; STARTED --------------------&gt; DONE
 *    |  `-- none --&gt; WAITING -- found --^   |                          ^
 *    |                  |                   `-------- cancelled -------+
 *    `---- cancelled ---+---- refused, cancelled ----------------------+
 * </pre>
 *
 * <p>Invariants:
 * <ul>
 *   <li>The input (a payload) is ours until STARTED; whoever takes the request from NEW or WAITING to DONE releases it. From
 *       STARTED on it is rsocket-java's, which releases it on every path.
 *   <li>The connection is entered before STARTED and exited by whoever takes the request from STARTED to DONE: once.
 *   <li>Demand passes through unchanged; what is asked for before there is an upstream is added up and passed on to it.
 * </ul>
 */
final class Request implements CoreSubscriber<Object>, Subscription, Scannable {

    /** Of a request that had no choice of Pods: its time says nothing that would be used. */
    static final long UNTIMED = Long.MIN_VALUE;

    private static final int NEW = 0;
    private static final int WAITING = 1;
    private static final int STARTED = 2;
    private static final int DONE = 3;

    private static final AtomicIntegerFieldUpdater<Request> STATE =
            AtomicIntegerFieldUpdater.newUpdater(Request.class, "state");
    private static final AtomicLongFieldUpdater<Request> DEMAND =
            AtomicLongFieldUpdater.newUpdater(Request.class, "demand");

    private final Router router;
    private final Interaction interaction;
    private final CoreSubscriber<? super Object> actual;

    private volatile int state;
    private volatile long demand;
    private volatile @Nullable Subscription upstream;

    // Handed on from thread to thread by the changes of state.
    private @Nullable Object input;
    private @Nullable Subscription inputSource;
    private @Nullable PodConnection connection;
    private long startedAt;
    private boolean subscribed;
    // Written by the upstream's signals only, which come one at a time.
    private boolean answered;

    /** @param actual is told if the connection drains, if it is a {@link PodConnection.Follower} */
    @SuppressWarnings("unchecked") // the elements are whatever the interaction gives, and only passed on
    Request(Router router, Interaction interaction, CoreSubscriber<?> actual) {
        this.router = router;
        this.interaction = interaction;
        this.actual = (CoreSubscriber<? super Object>) actual;
    }

    /** Makes a request whose input is there, for a subscriber that has no subscription yet. */
    @SuppressWarnings("unchecked") // a stream's elements are payloads
    static void make(Router router, Interaction interaction, Object input, CoreSubscriber<?> actual) {
        LongStreamPolicy policy = router.policy(interaction, input);
        if (policy == null) {
            new Request(router, interaction, actual).begin(input);
        } else {
            router.movable(interaction, policy, (CoreSubscriber<? super Payload>) actual)
                    .begin(input);
        }
    }

    /** Begins with an input that is there, for a subscriber that has no subscription yet. */
    void begin(Object its) {
        long now = router.isTimed() ? router.now() : UNTIMED;
        PodConnection found = router.enter(interaction, now);
        if (found != null) {
            // Nobody else knows the request yet.
            at(found, now);
            STATE.lazySet(this, STARTED);
            start(found, its);
        } else {
            subscribe();
            awaitConnection(its);
        }
    }

    /** Gives the subscriber its subscription, for an input that is still to come from there. */
    void subscribe(Subscription from) {
        inputSource = from;
        subscribe();
    }

    private void subscribe() {
        subscribed = true;
        actual.onSubscribe(this);
    }

    /** The input has come, and is the request's. */
    void proceed(Object its) {
        long now = router.isTimed() ? router.now() : UNTIMED;
        PodConnection found = router.enter(interaction, now);
        if (found == null) {
            awaitConnection(its);
            return;
        }
        at(found, now);
        if (STATE.compareAndSet(this, NEW, STARTED)) {
            start(found, its);
        } else {
            found.exit(interaction);
            release(its);
        }
    }

    private void awaitConnection(Object its) {
        input = its;
        if (STATE.compareAndSet(this, NEW, WAITING)) {
            router.await(this);
        } else {
            input = null;
            release(its);
        }
    }

    /**
     * Starts a request that waits, if there is a connection.
     *
     * @return false if there is none; true if it started, or waits no more
     */
    boolean tryConnection() {
        long now = router.isTimed() ? router.now() : UNTIMED;
        PodConnection found = router.enter(interaction, now);
        if (found == null) {
            return state != WAITING;
        }
        Object its = input;
        at(found, now);
        if (its != null && STATE.compareAndSet(this, WAITING, STARTED)) {
            input = null;
            start(found, its);
        } else {
            found.exit(interaction);
        }
        return true;
    }

    /** Before STARTED: whoever sees that sees this, and may cancel from then on. */
    private void at(PodConnection found, long now) {
        connection = found;
        startedAt = now;
    }

    @SuppressWarnings("IllegalCatch") // an interceptor of the application's may throw anything
    private void start(PodConnection found, Object its) {
        if (interaction.isStream()) {
            found.streamBegan();
            if (actual instanceof PodConnection.Follower follower) {
                found.follow(follower);
            }
        }
        Publisher<?> result;
        try {
            result = interaction.on(found.rsocket(), its);
        } catch (Throwable e) {
            Operators.error(this, Operators.onOperatorError(e, currentContext()));
            return;
        }
        result.subscribe(this);
    }

    /** It gets no connection. */
    void refuse(Throwable error) {
        Object its = input;
        if (STATE.compareAndSet(this, WAITING, DONE) || STATE.compareAndSet(this, NEW, DONE)) {
            input = null;
            if (its != null) {
                release(its);
            }
            actual.onError(error);
        }
    }

    /** There is no input, since what was to give it completed. */
    void completeEmpty() {
        if (STATE.compareAndSet(this, NEW, DONE)) {
            actual.onComplete();
        }
    }

    boolean isDone() {
        return state == DONE;
    }

    private void release(Object its) {
        if (interaction != Interaction.REQUEST_CHANNEL) {
            ReferenceCountUtil.safeRelease(its);
        }
    }

    // From downstream.

    @Override
    public void request(long n) {
        Subscription to = upstream;
        if (to != null) {
            to.request(n);
        } else if (Operators.validate(n)) {
            Operators.addCap(DEMAND, this, n);
            to = upstream;
            if (to != null) {
                passDemand(to);
            }
        }
    }

    private void passDemand(Subscription to) {
        long asked = DEMAND.getAndSet(this, 0);
        if (asked > 0) {
            to.request(asked);
        }
    }

    @Override
    public void cancel() {
        int before = STATE.getAndSet(this, DONE);
        if (before == STARTED) {
            Subscription to = upstream;
            if (to != null) {
                to.cancel();
            }
            ended(Outcome.ABANDONED);
        } else if (before == WAITING) {
            router.forget(this);
            Object its = input;
            input = null;
            if (its != null) {
                release(its);
            }
        } else if (before == NEW) {
            Subscription from = inputSource;
            if (from != null) {
                from.cancel();
            }
        }
    }

    // From upstream.

    @Override
    public void onSubscribe(Subscription s) {
        if (!Operators.validate(upstream, s)) {
            return;
        }
        upstream = s;
        if (!subscribed) {
            subscribe();
        } else if (state == DONE) {
            s.cancel();
        } else {
            passDemand(s);
        }
    }

    @Override
    public void onNext(Object element) {
        if (!answered) {
            answered = true;
            if (interaction.isSingle()) {
                if (finish(Outcome.ANSWERED)) {
                    actual.onNext(element);
                    actual.onComplete();
                } else {
                    ReferenceCountUtil.safeRelease(element);
                }
                return;
            }
            if (interaction.isTimed()) {
                timed();
            }
        }
        if (state == DONE) {
            ReferenceCountUtil.safeRelease(element);
        } else {
            actual.onNext(element);
        }
    }

    @Override
    public void onComplete() {
        if (finish(answered || !interaction.isTimed() ? Outcome.ENDED : Outcome.ANSWERED)) {
            actual.onComplete();
        }
    }

    @Override
    public void onError(Throwable error) {
        if (finish(router.isFailure(error) ? Outcome.FAILED : Outcome.ENDED)) {
            actual.onError(explained(error));
        } else {
            Operators.onErrorDropped(error, currentContext());
        }
    }

    private Throwable explained(Throwable error) {
        PodConnection at = connection;
        return at == null ? error : router.explain(error, at);
    }

    private boolean finish(Outcome outcome) {
        if (STATE.getAndSet(this, DONE) != STARTED) {
            return false;
        }
        ended(outcome);
        return true;
    }

    private enum Outcome {
        /** Its first answer came now. */
        ANSWERED,
        /** It ended without telling anything about the server's speed. */
        ENDED,
        FAILED,
        /** The application didn't wait for the answer, or for the rest of it. */
        ABANDONED
    }

    private void timed() {
        PodConnection at = connection;
        if (at != null) {
            answeredAt(at);
        }
    }

    private void answeredAt(PodConnection at) {
        if (startedAt == UNTIMED) {
            at.answered();
        } else {
            long now = router.now();
            at.answered(now - startedAt, now);
        }
    }

    private void ended(Outcome outcome) {
        PodConnection at = connection;
        if (at == null) {
            return;
        }
        if (outcome == Outcome.ANSWERED) {
            answeredAt(at);
        } else if (outcome == Outcome.FAILED) {
            long now = router.now();
            at.statistics().failed(now);
        } else if (outcome == Outcome.ABANDONED && !answered && interaction.isTimed() && startedAt != UNTIMED) {
            long now = router.now();
            at.statistics().abandoned(now - startedAt, now);
        }
        if (interaction.isStream()) {
            at.streamEnded();
            if (actual instanceof PodConnection.Follower follower) {
                at.unfollow(follower);
            }
        }
        at.exit(interaction);
    }

    @Override
    public Context currentContext() {
        return actual.currentContext();
    }

    @Override
    @SuppressWarnings({"rawtypes", "ReferenceEquality"}) // as declared; the keys are constants
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.PARENT) {
            return upstream;
        }
        if (key == Attr.ACTUAL) {
            return actual;
        }
        if (key == Attr.CANCELLED || key == Attr.TERMINATED) {
            return state == DONE;
        }
        return key == Attr.RUN_STYLE ? Attr.RunStyle.SYNC : null;
    }
}
