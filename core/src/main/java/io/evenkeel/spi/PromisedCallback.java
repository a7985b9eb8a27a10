package io.evenkeel.spi;

import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A callback that was promised, and is called exactly once in any case: with the outcome, or with what
 * stands for a failure, be it an exception, an {@link Error}, a rejected task or a thread that could not be started.
 *
 * <pre>{@code
 * PromisedCallback<OpenOutcome> promise = PromisedCallback.of(done, OpenOutcome.Failed::new);
 * promise.runOn(io, () -> dial(endpoint));
 * }</pre>
 *
 * <p>Invariant: {@code callback} is taken out by one compare-and-set before it is called, so of several completions the
 * first counts and the others return false. The executor must not drop tasks silently: one that is shut down rejects.
 *
 * <p>Thread-safe.
 *
 * @param <T> the outcome
 */
public final class PromisedCallback<T> implements Consumer<T> {

    private final AtomicReference<@Nullable Consumer<? super T>> callback;
    private final Function<? super Throwable, ? extends T> onFailure;

    private PromisedCallback(Consumer<? super T> callback, Function<? super Throwable, ? extends T> onFailure) {
        this.callback = new AtomicReference<>(Objects.requireNonNull(callback, "callback"));
        this.onFailure = Objects.requireNonNull(onFailure, "onFailure");
    }

    /**
     * A promise to call {@code callback}.
     *
     * @param onFailure the outcome that stands for a failure; must not throw
     */
    public static <T> PromisedCallback<T> of(
            Consumer<? super T> callback, Function<? super Throwable, ? extends T> onFailure) {
        return new PromisedCallback<>(callback, onFailure);
    }

    /** Completes it; does nothing if it is completed already. */
    @Override
    public void accept(T outcome) {
        complete(outcome);
    }

    /** Completes it; false if it was completed before. What the callback itself throws is the caller's to see. */
    public boolean complete(T outcome) {
        Consumer<? super T> once = callback.getAndSet(null);
        if (once == null) {
            return false;
        }
        once.accept(outcome);
        return true;
    }

    /** Completes it with what stands for this failure; false if it was completed before. */
    public boolean fail(Throwable cause) {
        Guard.restoreInterrupt(cause);
        return !isCompleted() && complete(onFailure.apply(cause));
    }

    public boolean isCompleted() {
        return callback.get() == null;
    }

    /** Takes a step on this thread and completes with what it returns, or with what stands for what it throws. */
    public void run(Callable<? extends T> step) {
        T outcome;
        try {
            outcome = step.call();
        } catch (Throwable failure) {
            fail(failure);
            return;
        }
        complete(outcome);
    }

    /** As {@link #run} on another thread; if the executor does not take the step, that is the failure. */
    public void runOn(Executor executor, Callable<? extends T> step) {
        try {
            executor.execute(() -> run(step));
        } catch (Throwable notStarted) {
            fail(notStarted);
        }
    }

    /** Takes a step that hands this callback on; if it throws before the callback was called, that is the failure. */
    public void begin(Guard.Step step) {
        try {
            step.run();
        } catch (Throwable failure) {
            fail(failure);
        }
    }
}
