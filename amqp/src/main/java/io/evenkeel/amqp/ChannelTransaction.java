package io.evenkeel.amqp;

import java.util.function.BooleanSupplier;

/**
 * Whether a channel is transactional, and whether anything was published or settled in the open transaction. A switch
 * to another raw channel closes the gate of its beginning: what is open then is committed first, and the next one
 * waits. Thread-safe.
 *
 * <p>Invariant: {@link #join} is called before any other gate is entered, so that waiting for the next transaction
 * keeps no operation of the open one from its end.
 */
final class ChannelTransaction {

    private final WriteGate beginning;
    private volatile boolean selected;
    private volatile boolean open;

    /** @param passes whether the calling thread must not be kept waiting */
    ChannelTransaction(BooleanSupplier passes, Conditions conditions) {
        beginning = new WriteGate(passes, conditions);
    }

    void select() {
        selected = true;
    }

    boolean isSelected() {
        return selected;
    }

    /** Something joins the open transaction, or begins one, if the channel is transactional. */
    void join() {
        if (selected && !open) {
            beginning.enter();
            try {
                open = true;
            } finally {
                beginning.exit();
            }
        }
    }

    /** It was committed or rolled back, or lost with its broker. */
    void ended() {
        open = false;
    }

    /** Nothing is in the open transaction. */
    boolean isEmpty() {
        return !selected || !open;
    }

    /** From now on none begins, until {@link #letBegin}. */
    void letNoneBegin() throws InterruptedException {
        beginning.close(WriteGate.SWITCH_NANOS);
    }

    void letBegin() {
        beginning.open();
    }
}
