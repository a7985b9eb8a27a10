package io.evenkeel.rsocket;

import io.netty.util.ReferenceCountUtil;
import io.netty.util.ReferenceCounted;
import io.rsocket.Payload;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * One request on its way: finds a connection, is counted there, and passes everything on. The one operator between the
 * application and rsocket-java.
 *
 * <pre>
 *            connection there                      answered, failed
 *   NEW ------------------------------&gt; STARTED --------------------&gt; DONE
 *    |  `-- none --&gt; WAITING -- placed -^   |                          ^
 *    |                  |                   `-------- cancelled -------+
 *    `---- cancelled ---+---- refused, cancelled ----------------------+
 * </pre>
 *
 * <p>Invariants:
 * <ul>
 *   <li>The input (a payload) is the request's until it is started; the thread that takes it from NEW or WAITING to
 *       DONE releases it. From the start on it is rsocket-java's, which releases it on every path.
 *   <li>The connection is entered before STARTED and exited by the thread that takes the request from STARTED to DONE:
 *       once.
 *   <li>Demand passes through unchanged; what is asked for before there is an upstream is added up and passed on to it.
 *       An input that is still to come is asked for by the first demand, and not before.
 *   <li>A subscriber that throws ends its own request and nothing else: not the connection, whose event loop calls it.
 * </ul>
 */
final class Request extends PlacedRequest implements CoreSubscriber<Object>, Subscription, Scannable, Waiting {

    private static final int NEW = 0;
    private static final int WAITING = 1;
    private static final int STARTED = 2;
    private static final int DONE = 3;

    private static final AtomicIntegerFieldUpdater<Request> STATE =
            AtomicIntegerFieldUpdater.newUpdater(Request.class, "state");
    private static final AtomicLongFieldUpdater<Request> DEMAND =
            AtomicLongFieldUpdater.newUpdater(Request.class, "demand");

    private final CoreSubscriber<? super Object> actual;

    private volatile int state;
    private volatile long demand;
    private volatile @Nullable Subscription upstream;

    // Handed on from thread to thread by the changes of state.
    private @Nullable Object input;
    private boolean subscribed;
    /** Where the input is to come from: a subscription, or a {@link Callable} of a payload. */
    private @Nullable Object inputSource;

    private volatile @Nullable Runnable leaveQueue;
    private volatile boolean inputFailed;

    /** @param actual is notified if the connection drains, if it is a {@link PodConnection.Follower} */
    @SuppressWarnings("unchecked") // the elements are what the interaction gives, and only passed on
    Request(Router router, Interaction interaction, CoreSubscriber<?> actual) {
        super(router, interaction);
        this.actual = (CoreSubscriber<? super Object>) actual;
    }

    @Override
    PodConnection.@Nullable Follower follower() {
        return actual instanceof PodConnection.Follower follower ? follower : null;
    }

    /** Begins with an input that is there, for a subscriber that has no subscription yet. */
    void begin(Object its) {
        PodConnection found = find();
        if (found != null) {
            // No other thread knows the request yet.
            STATE.lazySet(this, STARTED);
            start(found, its);
        } else {
            subscribe();
            awaitConnection(its);
        }
    }

    /**
     * Gives the subscriber its subscription, for an input that is still to come.
     *
     * @param from the subscription that it comes from, or a {@link Callable} of a payload
     */
    void subscribe(Object from) {
        inputSource = from;
        subscribe();
    }

    @SuppressWarnings("IllegalCatch") // a subscriber may throw anything
    private void subscribe() {
        subscribed = true;
        try {
            actual.onSubscribe(this);
        } catch (Throwable e) {
            broken(e);
        }
    }

    /** The input has come, and is the request's. */
    void proceed(Object its) {
        PodConnection found = find();
        if (found == null) {
            awaitConnection(its);
        } else if (STATE.compareAndSet(this, NEW, STARTED)) {
            start(found, its);
        } else {
            leave(found);
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

    @Override
    public void queued(Runnable leave) {
        leaveQueue = leave;
    }

    @Override
    public Placement place() {
        if (state != WAITING) {
            return Placement.GONE;
        }
        PodConnection found = find();
        if (found == null) {
            return state == WAITING ? Placement.NONE : Placement.GONE;
        }
        if (STATE.compareAndSet(this, WAITING, STARTED)) {
            return Placement.PLACED;
        }
        leave(found);
        return Placement.GONE;
    }

    @Override
    public void start() {
        PodConnection found = connection();
        Object its = input;
        input = null;
        if (found != null && its != null) {
            start(found, its);
        }
    }

    @SuppressWarnings("IllegalCatch") // an interceptor of the application's may throw anything
    private void start(PodConnection found, Object its) {
        began(found);
        Publisher<?> result;
        try {
            result = interaction.on(found.rsocket(), observed(its));
        } catch (Throwable e) {
            if (its instanceof ReferenceCounted counted && counted.refCnt() > 0) {
                release(its);
            }
            fail(e);
            return;
        }
        try {
            result.subscribe(this);
        } catch (Throwable e) {
            fail(e);
        }
    }

    /** A channel's own input, watched: what that fails with says nothing about the Pod. */
    @SuppressWarnings("unchecked") // what a channel was made with
    private Object observed(Object its) {
        return interaction == Interaction.REQUEST_CHANNEL
                ? Flux.from((Publisher<Payload>) its).doOnError(error -> inputFailed = true)
                : its;
    }

    /** Foreign code on the way failed instead of failing the result. */
    private void fail(Throwable error) {
        if (finish(Outcome.ENDED)) {
            if (subscribed) {
                onError(actual, error);
            } else {
                Operators.error(actual, error);
            }
        } else {
            router.guard().failed("an interceptor", null, error);
        }
    }

    @Override
    public void refuse(Throwable error) {
        Object its = input;
        if (STATE.compareAndSet(this, WAITING, DONE) || STATE.compareAndSet(this, NEW, DONE)) {
            input = null;
            if (its != null) {
                release(its);
            }
            onError(actual, error);
        }
    }

    /** There is no input, since what was to give it completed. */
    void completeEmpty() {
        if (STATE.compareAndSet(this, NEW, DONE)) {
            actual.onComplete();
        }
    }

    @Override
    public boolean isDone() {
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
            boolean first = Operators.addCap(DEMAND, this, n) == 0;
            to = upstream;
            if (to != null) {
                passDemand(to);
            } else if (first && state == NEW) {
                askForInput();
            }
        }
    }

    @SuppressWarnings("IllegalCatch") // the application's supplier may throw anything
    private void askForInput() {
        if (inputSource instanceof Subscription from) {
            from.request(1);
        } else if (inputSource instanceof Callable<?> supplier) {
            Object its;
            try {
                its = supplier.call();
            } catch (Throwable e) {
                refuse(Operators.onOperatorError(e, currentContext()));
                return;
            }
            if (its == null) {
                completeEmpty();
            } else {
                proceed(its);
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
            Runnable leave = leaveQueue;
            if (leave != null) {
                leave.run();
            }
            Object its = input;
            input = null;
            if (its != null) {
                release(its);
            }
        } else if (before == NEW && inputSource instanceof Subscription from) {
            from.cancel();
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
    @SuppressWarnings("IllegalCatch") // a subscriber may throw anything
    public void onNext(Object element) {
        if (isFirst()) {
            if (interaction.isSingle()) {
                onOnly(element);
                return;
            }
            if (interaction.isTimed()) {
                firstElement();
            }
        }
        if (state == DONE) {
            ReferenceCountUtil.safeRelease(element);
            return;
        }
        try {
            actual.onNext(element);
        } catch (Throwable e) {
            broken(e);
        }
    }

    @SuppressWarnings("IllegalCatch") // a subscriber may throw anything
    private void onOnly(Object element) {
        if (!finish(Outcome.ANSWERED)) {
            ReferenceCountUtil.safeRelease(element);
            return;
        }
        try {
            actual.onNext(element);
            actual.onComplete();
        } catch (Throwable e) {
            broken(e);
        }
    }

    @Override
    @SuppressWarnings("IllegalCatch") // a subscriber may throw anything
    public void onComplete() {
        if (finish(isAnswered() || !interaction.isTimed() ? Outcome.ENDED : Outcome.ANSWERED)) {
            try {
                actual.onComplete();
            } catch (Throwable e) {
                broken(e);
            }
        }
    }

    @Override
    public void onError(Throwable error) {
        if (finish(!inputFailed && router.isFailure(error) ? Outcome.FAILED : Outcome.ENDED)) {
            PodConnection at = connection();
            onError(actual, at == null ? error : router.explain(error, at));
        } else {
            Operators.onErrorDropped(error, currentContext());
        }
    }

    @SuppressWarnings("IllegalCatch") // a subscriber may throw anything
    private void onError(CoreSubscriber<?> subscriber, Throwable error) {
        try {
            subscriber.onError(error);
        } catch (Throwable e) {
            broken(e);
        }
    }

    /** The subscriber threw: its request is over, as if it had cancelled it. */
    private void broken(Throwable error) {
        cancel();
        PodConnection at = connection();
        router.guard().failed("a subscriber", at == null ? null : at.endpoint(), error);
    }

    private boolean finish(Outcome outcome) {
        if (STATE.getAndSet(this, DONE) != STARTED) {
            return false;
        }
        ended(outcome);
        return true;
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
