package io.evenkeel.amqp;

import java.util.Date;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.function.BooleanSupplier;
import java.util.function.LongUnaryOperator;

/**
 * A condition on which a test of one thread waits: what others do meanwhile is a script, and the time that passes is the
 * test's. Where no script is under way it is the condition that it was made of.
 */
final class ScriptedCondition implements Condition {

    private final Condition real;
    private final BooleanSupplier scripted;
    private final LongUnaryOperator script;
    private final Runnable signalled;

    /**
     * @param script waits for some of the time, and says how much is left
     * @param signalled notes that those who wait are woken
     */
    ScriptedCondition(Condition real, BooleanSupplier scripted, LongUnaryOperator script, Runnable signalled) {
        this.real = real;
        this.scripted = scripted;
        this.script = script;
        this.signalled = signalled;
    }

    @Override
    public long awaitNanos(long nanos) throws InterruptedException {
        if (!scripted.getAsBoolean()) {
            return real.awaitNanos(nanos);
        }
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        return script.applyAsLong(nanos);
    }

    @Override
    public void awaitUninterruptibly() {
        if (scripted.getAsBoolean()) {
            throw new AssertionError("it would wait for its own thread for ever");
        }
        real.awaitUninterruptibly();
    }

    @Override
    public void signalAll() {
        signalled.run();
        real.signalAll();
    }

    @Override
    public void await() {
        throw new UnsupportedOperationException("nothing waits without a bound");
    }

    @Override
    public boolean await(long time, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean awaitUntil(Date deadline) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void signal() {
        throw new UnsupportedOperationException();
    }
}
