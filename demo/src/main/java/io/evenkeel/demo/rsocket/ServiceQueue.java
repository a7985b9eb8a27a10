package io.evenkeel.demo.rsocket;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A server's workers. So many requests are served at once, the rest wait in line. Work is a timer, not a busy
 * processor: dozens of servers fit on two of them.
 *
 * <p>Invariant, under {@code lock}: {@code busy} counts the work that is RUNNING, and {@code line} holds the work that
 * is WAITING.
 */
final class ServiceQueue {
    private final ScheduledExecutorService timer;
    private final RandomGenerator random;
    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<Work> line = new ArrayDeque<>();
    private int busy;

    /**
     * @param random used under the lock only, so it need not be thread-safe
     */
    ServiceQueue(ScheduledExecutorService timer, RandomGenerator random) {
        this.timer = timer;
        this.random = random;
    }

    /**
     * Ends with what {@code answer} gives when the request has been served. Cancelling frees the place or the
     * worker.
     */
    <T> Mono<T> serve(Behaviour behaviour, Supplier<T> answer) {
        return Mono.create(sink -> {
            Work work = new Work(() -> sink.success(answer.get()), behaviour);
            begin(work);
            sink.onDispose(() -> end(work, false));
        });
    }

    private void begin(Work work) {
        lock.lock();
        try {
            line.addLast(work);
        } finally {
            lock.unlock();
        }
        runNext();
    }

    private void end(Work work, boolean served) {
        lock.lock();
        try {
            switch (work.state) {
                case WAITING -> line.remove(work);
                case RUNNING -> busy--;
                case ENDED -> {
                    return;
                }
            }
            work.state = State.ENDED;
        } finally {
            lock.unlock();
        }
        if (served) {
            work.answer.run();
        }
        runNext();
    }

    private void runNext() {
        Work next = takeNext();
        if (next == null) {
            return;
        }
        if (next.nanos == 0) {
            end(next, true);
        } else {
            timer.schedule(() -> end(next, true), next.nanos, TimeUnit.NANOSECONDS);
        }
    }

    private @Nullable Work takeNext() {
        lock.lock();
        try {
            Work next = line.peekFirst();
            if (next == null || busy >= next.behaviour.concurrency()) {
                return null;
            }
            line.removeFirst();
            next.state = State.RUNNING;
            busy++;
            next.nanos = (long) (next.behaviour.serviceTime().nanos(random) * next.behaviour.slowdown());
            return next;
        } finally {
            lock.unlock();
        }
    }

    private enum State {
        WAITING,
        RUNNING,
        ENDED
    }

    private static final class Work {
        private final Runnable answer;
        private final Behaviour behaviour;
        private State state = State.WAITING;
        private long nanos;

        Work(Runnable answer, Behaviour behaviour) {
            this.answer = answer;
            this.behaviour = behaviour;
        }
    }
}
