package io.evenkeel.balance;

import io.evenkeel.time.DueTime;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * Steps that other threads carry out, each with a deadline after which it is resolved without them. Confined to the control
 * thread.
 *
 * <pre>
 *   WAITING --outcome--&gt; DONE
 *      |
 *      `--deadline--&gt; OVERDUE --late outcome--&gt; DONE
 * </pre>
 *
 * <p>Invariant: each step's {@code done} runs exactly once, with the outcome or with what stands for its absence, and
 * {@code late} runs at most once and only after that; a second outcome changes nothing.
 */
final class PendingSteps {

    private enum Phase {
        WAITING,
        OVERDUE,
        DONE
    }

    /** A step in flight. */
    final class Pending<O> {
        private final Consumer<O> done;
        private final Consumer<O> late;
        private final LongFunction<DueTime> prolong;
        private final O overdue;
        private long deadline;
        private Phase phase = Phase.WAITING;

        private Pending(long deadline, LongFunction<DueTime> prolong, O overdue, Consumer<O> done, Consumer<O> late) {
            this.deadline = deadline;
            this.prolong = prolong;
            this.overdue = overdue;
            this.done = done;
            this.late = late;
        }

        /** The other thread's outcome, on the control thread. */
        void outcome(O outcome) {
            Phase before = phase;
            phase = Phase.DONE;
            if (before == Phase.WAITING) {
                waiting.remove(this);
                done.accept(outcome);
            } else if (before == Phase.OVERDUE) {
                late.accept(outcome);
            }
        }

        private void expire(long now) {
            DueTime longer = prolong.apply(now);
            if (!longer.isNever() && !longer.isDue(now)) {
                deadline = longer.nanos();
                return;
            }
            waiting.remove(this);
            phase = Phase.OVERDUE;
            done.accept(overdue);
        }
    }

    private final Set<Pending<?>> waiting = new LinkedHashSet<>();

    /**
     * A step begins.
     *
     * @param prolong asked at the deadline: a later one if what the step waits for may rightly take longer, else never
     * @param overdue what stands for the outcome if there is none by the deadline
     * @param late gets an outcome that comes after that
     */
    <O> Pending<O> begin(long deadline, LongFunction<DueTime> prolong, O overdue, Consumer<O> done, Consumer<O> late) {
        Pending<O> step = new Pending<>(deadline, prolong, overdue, done, late);
        waiting.add(step);
        return step;
    }

    /** Resolves what is overdue. */
    void expire(long now) {
        List<Pending<?>> due = new ArrayList<>();
        for (Pending<?> step : waiting) {
            if (step.deadline - now <= 0) {
                due.add(step);
            }
        }
        for (Pending<?> step : due) {
            step.expire(now);
        }
    }

    DueTime nextAt() {
        DueTime next = DueTime.never();
        for (Pending<?> step : waiting) {
            next = next.or(DueTime.at(step.deadline));
        }
        return next;
    }
}
