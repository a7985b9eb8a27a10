package io.evenkeel.amqp;

import io.evenkeel.time.Scheduler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Date;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Threads of which exactly one runs at a time, in an order that a seed chooses, on a clock that stands still while any can
 * run. They hand over where they wait on a condition (see {@link Conditions}), at {@link #pause}, and between two tasks; so
 * a run is the same each time, and every interleaving at those points can come.
 */
final class SimThreads {

    /** A task of the simulation. */
    interface Task {
        void run() throws Exception;
    }

    /** How far the clock may run ahead although some thread could go on: a busy machine. */
    private static final long HASTE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(30);

    private enum State {
        IDLE,
        READY,
        WAITING
    }

    /** A thread of the simulated program; its tasks run one after the other. */
    final class Actor {
        final String name;
        private final Deque<Task> tasks = new ArrayDeque<>();
        private State state = State.IDLE;
        private @Nullable SimCondition waitsOn;
        private long deadline = Long.MAX_VALUE;
        private @Nullable Carrier carrier;

        private Actor(String name) {
            this.name = name;
        }

        void submit(Task task) {
            tasks.add(task);
            if (state == State.IDLE) {
                state = State.READY;
                actors.add(this);
            }
        }

        @Override
        public String toString() {
            return name + " " + state + (waitsOn == null ? "" : " until " + deadline / 1_000_000 + " ms");
        }
    }

    /** A real thread, kept for many runs. */
    static final class Carrier extends Thread {
        private volatile boolean token;
        private @Nullable SimThreads threads;
        private @Nullable Actor actor;

        private Carrier() {
            super("simulated");
            setDaemon(true);
        }

        @Override
        public void run() {
            while (true) {
                awaitToken();
                threads.carry(actor);
            }
        }

        private void awaitToken() {
            boolean interrupted = false;
            while (!token) {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
            token = false;
            if (interrupted) {
                interrupt();
            }
        }

        private void give() {
            token = true;
            LockSupport.unpark(this);
        }
    }

    /** Real threads for one run at a time. */
    static final class Carriers {
        private final Deque<Carrier> free = new ArrayDeque<>();

        private Carrier take() {
            Carrier next = free.poll();
            if (next == null) {
                next = new Carrier();
                next.start();
            }
            return next;
        }
    }

    private record Timer(long at, long order, Runnable task) {}

    private final Carriers carriers;
    private final Random random;
    private final List<Actor> actors = new ArrayList<>();
    private final List<Carrier> used = new ArrayList<>();
    private final List<Timer> timers = new ArrayList<>();
    private final Map<Object, Actor> named = new HashMap<>();
    private final Thread controller = Thread.currentThread();
    private volatile boolean ended;
    private Actor current;
    private long now;
    private long order;
    long steps;
    private @Nullable Throwable failure;

    SimThreads(Carriers carriers, Random random) {
        this.carriers = carriers;
        this.random = random;
    }

    long now() {
        return now;
    }

    String currentName() {
        return current == null ? "" : current.name;
    }

    /** The thread for this; it is the same one for the whole run. */
    Actor actor(Object key, String name) {
        return named.computeIfAbsent(key, any -> new Actor(name));
    }

    /** A thread of its own. */
    Actor start(String name, Task task) {
        Actor started = new Actor(name);
        started.submit(task);
        return started;
    }

    Scheduler.Cancellable after(Duration delay, Runnable task) {
        Timer timer = new Timer(now + delay.toNanos(), order++, task);
        timers.add(timer);
        return () -> timers.remove(timer);
    }

    void failed(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
    }

    /** Runs until no thread has anything to do and no timer is due before this time. */
    void run(Duration until) throws Throwable {
        ended = false;
        horizon = until.toNanos();
        Actor first = choose();
        if (first != null) {
            hand(first);
            long begun = System.nanoTime();
            while (!ended) {
                LockSupport.parkNanos(this, STUCK_NANOS);
                if (!ended && System.nanoTime() - begun > STUCK_NANOS) {
                    Carrier carrier = current.carrier;
                    throw new AssertionError(
                            "stuck in " + current + ": " + (carrier == null ? "" : List.of(carrier.getStackTrace())));
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
        if (!actors.isEmpty()) {
            throw new AssertionError("threads that wait for ever, or longer than " + until + ": " + actors);
        }
    }

    private long horizon;

    /** Gives the real threads back, after a run without a failure. */
    void release() {
        for (Carrier carrier : used) {
            carrier.actor = null;
            carriers.free.add(carrier);
        }
        used.clear();
    }

    private void carry(Actor actor) {
        for (Task task = actor.tasks.poll(); task != null; task = actor.tasks.poll()) {
            try {
                task.run();
            } catch (Throwable cause) {
                failed(cause);
            }
            if (!actor.tasks.isEmpty()) {
                pause();
            }
        }
        actor.state = State.IDLE;
        actors.remove(actor);
        Actor next = choose();
        if (next != null) {
            hand(next);
        } else {
            end();
        }
    }

    private void end() {
        ended = true;
        LockSupport.unpark(controller);
    }

    private void hand(Actor next) {
        current = next;
        Carrier carrier = next.carrier;
        if (carrier == null) {
            carrier = carriers.take();
            carrier.threads = this;
            carrier.actor = next;
            next.carrier = carrier;
            used.add(carrier);
        }
        carrier.give();
    }

    /** Interrupts a thread of the simulated program, which goes on if it waits on a condition. */
    void interrupt(Actor one) {
        if (one.carrier != null && one.state != State.IDLE) {
            one.carrier.interrupt();
            if (one.waitsOn != null) {
                wake(one);
            }
        }
    }

    /** Here another thread may go on first. */
    void pause() {
        switchFrom(current);
    }

    void sleep(Duration time) {
        Actor me = current;
        me.state = State.WAITING;
        me.deadline = now + time.toNanos();
        switchFrom(me);
    }

    private void switchFrom(Actor me) {
        Actor next = choose();
        if (next == me) {
            return;
        }
        Carrier mine = me.carrier;
        if (next == null) {
            end();
        } else {
            hand(next);
        }
        mine.awaitToken();
    }

    private @Nullable Actor choose() {
        steps++;
        if (steps > 100_000) {
            failed(new AssertionError("more than 100,000 steps: " + actors));
            return null;
        }
        if (failure != null) {
            return null;
        }
        long due = nextDue();
        List<Actor> ready = ready();
        boolean hasty = due - now <= HASTE_NANOS && random.nextInt(32) == 0;
        while (ready.isEmpty() || hasty) {
            hasty = false;
            due = nextDue();
            if (due > horizon) {
                if (ready.isEmpty()) {
                    return null;
                }
                break;
            }
            now = Math.max(now, due);
            expire();
            ready = ready();
        }
        return ready.get(ready.size() == 1 ? 0 : random.nextInt(ready.size()));
    }

    private List<Actor> ready() {
        List<Actor> ready = new ArrayList<>(actors.size());
        for (Actor actor : actors) {
            if (actor.state == State.READY) {
                ready.add(actor);
            }
        }
        return ready;
    }

    private long nextDue() {
        long due = Long.MAX_VALUE;
        for (Actor actor : actors) {
            due = Math.min(due, actor.state == State.WAITING ? actor.deadline : Long.MAX_VALUE);
        }
        for (Timer timer : timers) {
            due = Math.min(due, timer.at());
        }
        return due;
    }

    private void expire() {
        for (Actor actor : actors) {
            if (actor.state == State.WAITING && actor.deadline <= now) {
                wake(actor);
            }
        }
        for (Timer timer : List.copyOf(timers)) {
            if (timer.at() <= now) {
                timers.remove(timer);
                start("timer", timer.task()::run);
            }
        }
    }

    private static void wake(Actor actor) {
        actor.state = State.READY;
        actor.waitsOn = null;
        actor.deadline = Long.MAX_VALUE;
    }

    Condition condition(ReentrantLock lock) {
        return new SimCondition(lock);
    }

    private final class SimCondition implements Condition {
        private final ReentrantLock lock;

        SimCondition(ReentrantLock lock) {
            this.lock = lock;
        }

        private void await(long deadline) {
            Actor me = current;
            me.state = State.WAITING;
            me.waitsOn = this;
            me.deadline = deadline;
            int holds = lock.getHoldCount();
            for (int i = 0; i < holds; i++) {
                lock.unlock();
            }
            switchFrom(me);
            for (int i = 0; i < holds; i++) {
                lock.lock();
            }
        }

        @Override
        public long awaitNanos(long nanos) throws InterruptedException {
            long deadline = nanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanos;
            if (!Thread.currentThread().isInterrupted()) {
                await(deadline);
            }
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            return deadline - now;
        }

        @Override
        public void awaitUninterruptibly() {
            await(Long.MAX_VALUE);
        }

        @Override
        public void await() {
            await(Long.MAX_VALUE);
        }

        @Override
        public boolean await(long time, TimeUnit unit) throws InterruptedException {
            return awaitNanos(unit.toNanos(time)) > 0;
        }

        @Override
        public boolean awaitUntil(Date deadline) {
            throw new UnsupportedOperationException("no calendar in a simulation");
        }

        @Override
        public void signal() {
            signalAll();
        }

        @Override
        public void signalAll() {
            for (Actor actor : actors) {
                if (actor.waitsOn == this) {
                    wake(actor);
                }
            }
        }
    }
}
