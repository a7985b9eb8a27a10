package io.evenkeel.demo.page;

import io.evenkeel.demo.ClusterPauses;
import io.evenkeel.demo.page.PodView.State;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Does to the Pods what viewers ask for, with {@link ClusterPauses}.
 *
 * <p>Actions are taken from any thread. Every step runs on the one thread of the executor, so an exhibit is changed by
 * one thread. Invariant: a Pod is claimed from the moment an action on it is accepted until its last step has ended, or
 * the first has failed and left it as it was; a claimed Pod takes no other action, and one Pod that is ready and not
 * claimed always remains.
 */
final class Director {
    private static final Duration WAIT_FOR_CLAIM = Duration.ofMillis(500);

    private final Exhibit exhibit;
    private final Timeline timeline;
    private final ScheduledExecutorService thread;

    // guards what is under way; no step runs under it
    private final ReentrantLock admission = new ReentrantLock();
    private final Set<String> claimed = new HashSet<>();
    private int adding;
    private boolean rolling;

    Director(Exhibit exhibit, Timeline timeline, ScheduledExecutorService thread) {
        this.exhibit = exhibit;
        this.timeline = timeline;
        this.thread = thread;
    }

    /**
     * Begins an action, or says why it can't be done.
     *
     * @param pod the Pod that it is done to, null where it is about none
     */
    Answer perform(Action action, @Nullable String pod) {
        admission.lock();
        try {
            String obstacle = pod == null ? obstacle(action) : obstacleAt(pod);
            if (obstacle != null) {
                return new Answer.Refused(obstacle);
            }
            admit(action, pod);
        } finally {
            admission.unlock();
        }
        try {
            begin(action, pod);
            return new Answer.Accepted();
        } catch (RejectedExecutionException closed) {
            return new Answer.Refused("The demonstration is ending");
        }
    }

    /** Whether a Pod could be added now. */
    boolean canAdd() {
        return mayBegin(Action.ADD);
    }

    /** Whether a rolling update could begin now. */
    boolean canRoll() {
        return mayBegin(Action.ROLLING_UPDATE);
    }

    /** Whether this Pod could be drained, killed or frozen now. */
    boolean canStrike(String pod) {
        admission.lock();
        try {
            return obstacleAt(pod) == null;
        } finally {
            admission.unlock();
        }
    }

    private boolean mayBegin(Action action) {
        admission.lock();
        try {
            return obstacle(action) == null;
        } finally {
            admission.unlock();
        }
    }

    private @Nullable String obstacle(Action action) {
        if (exhibit.pods().size() + adding >= exhibit.most()) {
            return "There is room for " + exhibit.most() + " Pods here; drain one first";
        }
        if (action == Action.ROLLING_UPDATE && rolling) {
            return "A rolling update is under way";
        }
        return null;
    }

    private @Nullable String obstacleAt(String pod) {
        List<PodView> pods = exhibit.pods();
        if (!exists(pods, pod)) {
            return pod + " does not exist any more";
        }
        if (!isFree(pods, pod)) {
            return pod + " is busy with what was asked before";
        }
        if (pods.stream().noneMatch(other -> !other.name().equals(pod) && isFree(pods, other.name()))) {
            return pod + " is the last Pod that serves; add one first";
        }
        return null;
    }

    private boolean isFree(List<PodView> pods, String name) {
        return !claimed.contains(name) && serves(pods, name);
    }

    private void admit(Action action, @Nullable String pod) {
        switch (action) {
            case ADD -> adding++;
            case ROLLING_UPDATE -> rolling = true;
            case DRAIN, KILL, FREEZE -> claimed.add(named(pod));
        }
    }

    private void begin(Action action, @Nullable String pod) {
        switch (action) {
            case ADD -> thread.execute(this::add);
            case ROLLING_UPDATE -> thread.execute(this::roll);
            case DRAIN -> drain(named(pod), () -> release(named(pod)));
            case KILL -> kill(named(pod));
            case FREEZE -> freeze(named(pod));
        }
    }

    private static String named(@Nullable String pod) {
        if (pod == null) {
            throw new IllegalArgumentException("pod: none (expected: a name)");
        }
        return pod;
    }

    private void add() {
        attempt("A Pod could not be started", this::addOne, () -> {});
        admission.lock();
        try {
            adding--;
        } finally {
            admission.unlock();
        }
    }

    private void addOne() throws IOException {
        timeline.say(exhibit.add() + " is ready");
    }

    private void drain(String pod, Runnable whenOver) {
        Runnable end = () -> after(ClusterPauses.GRACE, pod, () -> {
            // not once more what has failed behind its removal
            if (exists(exhibit.pods(), pod)) {
                exhibit.remove(pod);
            }
            timeline.say(pod + " is gone");
            whenOver.run();
        });
        first(pod, whenOver, end, () -> {
            exhibit.terminate(pod);
            timeline.say(pod + " is terminating, " + ClusterPauses.GRACE.toSeconds() + " s of grace");
        });
    }

    private void kill(String pod) {
        Runnable restart = () -> after(ClusterPauses.RESTART_AFTER, pod, () -> {
            exhibit.restart(pod);
            timeline.say(pod + " is back");
            release(pod);
        });
        Runnable notice = () -> after(ClusterPauses.NOTICED_AFTER, pod, () -> {
            exhibit.reportNotReady(pod);
            restart.run();
        });
        first(pod, () -> release(pod), notice, () -> {
            exhibit.kill(pod);
            timeline.say(pod + " is killed");
        });
    }

    private void freeze(String pod) {
        Runnable resume = () -> after(ClusterPauses.FROZEN, pod, () -> {
            exhibit.resume(pod);
            timeline.say(pod + " goes on");
            release(pod);
        });
        first(pod, () -> release(pod), resume, () -> {
            exhibit.freeze(pod);
            timeline.say(pod + " is frozen for " + ClusterPauses.FROZEN.toSeconds() + " s");
        });
    }

    /**
     * The first step of an action.
     *
     * @param undone where it fails and the Pod serves as before
     * @param rest the steps that follow, also where it fails but has had its effect
     */
    private void first(String pod, Runnable undone, Runnable rest, Step step) {
        now(pod, () -> (serves(exhibit.pods(), pod) ? undone : rest).run(), () -> {
            step.run();
            rest.run();
        });
    }

    private static boolean exists(List<PodView> pods, String name) {
        return pods.stream().anyMatch(pod -> pod.name().equals(name));
    }

    private static boolean serves(List<PodView> pods, String name) {
        return pods.stream().anyMatch(pod -> pod.name().equals(name) && pod.state() == State.READY);
    }

    private void roll() {
        Deque<String> old = new ArrayDeque<>();
        exhibit.pods().stream().filter(pod -> pod.state() != State.TERMINATING).forEach(pod -> old.add(pod.name()));
        timeline.say("rolling update of " + old.size() + " Pods");
        replaceNext(old);
    }

    private void replaceNext(Deque<String> old) {
        String next = old.peekFirst();
        if (next == null) {
            timeline.say("rolling update is over");
            endRolling();
        } else if (isBeyondReplacing(next)) {
            old.removeFirst();
            replaceNext(old);
        } else if (!claim(next)) {
            // another viewer's action on it ends by itself
            after(WAIT_FOR_CLAIM, next, () -> replaceNext(old));
        } else {
            old.removeFirst();
            replace(next, old);
        }
    }

    private void replace(String pod, Deque<String> remaining) {
        Runnable failed = () -> {
            release(pod);
            endRolling();
        };
        now(pod, failed, () -> {
            addOne();
            after(
                    ClusterPauses.TERMINATING_AFTER_READY,
                    pod,
                    () -> drain(pod, () -> {
                        release(pod);
                        replaceNext(remaining);
                    }));
        });
    }

    /** It is gone. */
    private boolean isBeyondReplacing(String name) {
        admission.lock();
        try {
            return !claimed.contains(name) && !serves(exhibit.pods(), name);
        } finally {
            admission.unlock();
        }
    }

    private boolean claim(String pod) {
        admission.lock();
        try {
            return isFree(exhibit.pods(), pod) && exhibit.pods().size() + adding < exhibit.most() && claimed.add(pod);
        } finally {
            admission.unlock();
        }
    }

    private void release(String pod) {
        admission.lock();
        try {
            claimed.remove(pod);
        } finally {
            admission.unlock();
        }
    }

    private void endRolling() {
        admission.lock();
        try {
            rolling = false;
        } finally {
            admission.unlock();
        }
    }

    private void now(String pod, Runnable ifItFails, Step step) {
        thread.execute(() -> attempt(pod + " failed", step, ifItFails));
    }

    /** As long as it fails it is tried again: what was begun with a Pod must not leave it as it is for good. */
    private void after(Duration pause, String pod, Step step) {
        thread.schedule(
                () -> attempt(pod + " failed", step, () -> after(ClusterPauses.RESTART_AFTER, pod, step)),
                pause.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    private void attempt(String what, Step step, Runnable ifItFails) {
        try {
            step.run();
        } catch (IOException | RuntimeException | Error failure) {
            // where the page is ending no step is left to do
            if (!thread.isShutdown()) {
                // also of an Error: the Pod must not stay claimed
                timeline.say(what + ": " + failure.getMessage());
                ifItFails.run();
            }
        }
    }

    private interface Step {
        void run() throws IOException;
    }
}
