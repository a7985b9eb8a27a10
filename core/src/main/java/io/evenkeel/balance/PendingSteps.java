package io.evenkeel.balance;

import io.evenkeel.time.DueTime;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/**
 * Steps that other threads carry out, each with a deadline after which it is resolved without them. Confined to the
 * control thread.
 *
 * <pre>
 *   WAITING --outcome--&gt; DONE
 *      |
 *      `--deadline, or it threw--&gt; GIVEN_UP --late outcome--&gt; DONE
 * </pre>
 *
 * <p>Invariant: each step's {@code done} runs exactly once, with the outcome or with what stands for its absence, and
 * {@code late} runs at most once and only after that; a second outcome changes nothing.
 */
final class PendingSteps {

    private enum Phase {
        WAITING,
        GIVEN_UP,
        DONE
    }

    /** A step in flight. */
    final class Pending<O> {
        private final Consumer<O> done;
        private final Consumer<O> late;
        private final LongFunction<DueTime> prolong;
        private final O overdue;
        private final Runnable onOverdue;
        private long deadline;
        private Phase phase = Phase.WAITING;

        private Pending(
                long deadline,
                LongFunction<DueTime> prolong,
                O overdue,
                Runnable onOverdue,
                Consumer<O> done,
                Consumer<O> late) {
            this.deadline = deadline;
            this.prolong = prolong;
            this.overdue = overdue;
            this.onOverdue = onOverdue;
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
            } else if (before == Phase.GIVEN_UP) {
                late.accept(outcome);
            }
        }

        /** The step could not be taken, as far as is known: this stands for its outcome. */
        void giveUp(O instead) {
            if (phase == Phase.WAITING) {
                phase = Phase.GIVEN_UP;
                waiting.remove(this);
                done.accept(instead);
            }
        }

        private void expire(long now) {
            DueTime longer = prolong.apply(now);
            if (!longer.isNever() && !longer.isDue(now)) {
                deadline = longer.nanos();
                return;
            }
            onOverdue.run();
            giveUp(overdue);
        }
    }

    private final Set<Pending<?>> waiting = new LinkedHashSet<>();

    /**
     * A step begins.
     *
     * @param prolong asked at the deadline: a later one if what the step waits for may rightly take longer, else never
     * @param overdue what stands for the outcome if there is none by the deadline
     * @param onOverdue runs at the deadline, before that
     * @param late gets an outcome that comes after that
     */
    <O> Pending<O> begin(
            long deadline,
            LongFunction<DueTime> prolong,
            O overdue,
            Runnable onOverdue,
            Consumer<O> done,
            Consumer<O> late) {
        Pending<O> step = new Pending<>(deadline, prolong, overdue, onOverdue, done, late);
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
