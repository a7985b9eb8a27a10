package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.ReturnListener;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.amqp.TopologyChannel.Operation;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of one virtual channel: publishes, requests, confirms and returns. Every operation passes a gate,
 * which is closed for the switch to another raw channel alone, while what was published before is confirmed.
 * Thread-safe.
 */
final class ChannelPublisher {

    private final VirtualChannel owner;
    private final ShutdownSignals shutdown;
    private final ChannelTransaction transaction;
    private final SenderReplacement replacement;
    private final WriteGate gate;
    private final PublishConfirms confirms;
    private final ChangeSignal confirmed;
    private final List<ReturnListener> returnListeners = new CopyOnWriteArrayList<>();
    private final List<ConfirmListener> confirmListeners = new CopyOnWriteArrayList<>();
    private volatile boolean confirmMode;
    /** Whether something was refused since confirms were last waited for. */
    private volatile boolean refused;
    /** How often the channel's connection was lost. */
    private final AtomicInteger losses = new AtomicInteger();
    /** What a wait for confirms that a loss has ended fails with. */
    private volatile @Nullable ShutdownSignalException lastLoss;

    ChannelPublisher(
            VirtualChannel owner,
            WriteGate gate,
            ShutdownSignals shutdown,
            ChannelTransaction transaction,
            SenderReplacement replacement,
            ChangeSignal confirmed,
            RawChannel raw) {
        this.confirmed = confirmed;
        this.replacement = replacement;
        this.owner = owner;
        this.gate = gate;
        this.shutdown = shutdown;
        this.transaction = transaction;
        this.confirms = new PublishConfirms(raw);
    }

    List<ReturnListener> returnListeners() {
        return returnListeners;
    }

    List<ConfirmListener> confirmListeners() {
        return confirmListeners;
    }

    WriteGate gate() {
        return gate;
    }

    /** Where it is sent to. */
    RawChannel raw() {
        return confirms.current().raw();
    }

    long unconfirmed() {
        return confirms.unconfirmed();
    }

    int epochs() {
        return confirms.epochs();
    }

    /** The books changed. */
    void changed() {
        confirmed.changed();
    }

    // Raw channels.

    void listenTo(RawChannel raw) {
        Channel channel = raw.channel();
        channel.addReturnListener((code, text, exchange, routingKey, properties, body) -> {
            raw.link().onReader();
            for (ReturnListener listener : returnListeners) {
                listener.handleReturn(code, text, exchange, routingKey, properties, body);
            }
        });
        channel.addConfirmListener(new ConfirmListener() {
            @Override
            public void handleAck(long tag, boolean multiple) throws IOException {
                confirmed(raw, tag, multiple, ConfirmListener::handleAck);
                replacement.acked(raw);
            }

            @Override
            public void handleNack(long tag, boolean multiple) throws IOException {
                refused = true;
                replacement.nacked(raw);
                confirmed(raw, tag, multiple, ConfirmListener::handleNack);
            }
        });
    }

    @FunctionalInterface
    private interface Confirm {
        void call(ConfirmListener listener, long number, boolean multiple) throws IOException;
    }

    /** Listeners first, then the books, as a plain channel does it; the books also if a listener fails. */
    private void confirmed(RawChannel raw, long tag, boolean multiple, Confirm confirm) throws IOException {
        raw.link().onReader();
        try {
            if (!confirmListeners.isEmpty()) {
                confirms.tell(raw, tag, multiple, (seen, all) -> {
                    for (ConfirmListener listener : confirmListeners) {
                        confirm.call(listener, seen, all);
                    }
                });
            }
        } finally {
            raw.confirmed(tag, multiple);
        }
    }

    /**
     * Puts a raw channel into the mode of this one, if it isn't; the application may select it after a move has opened
     * the raw channel.
     */
    void prepare(RawChannel raw) throws IOException {
        if (confirmMode && !confirms(raw)) {
            raw.channel().confirmSelect();
        }
        if (transaction.isSelected() && !raw.transactional) {
            raw.channel().txSelect();
            raw.transactional = true;
        }
    }

    private static boolean confirms(RawChannel raw) {
        return raw.channel().getNextPublishSeqNo() > 0;
    }

    /** Whether it is in the mode of this one; with the gate sealed, it stays so. */
    boolean isPrepared(RawChannel raw) {
        return (!confirmMode || confirms(raw)) && (!transaction.isSelected() || raw.transactional);
    }

    /**
     * Sends on another raw channel from now on, once everything sent before is confirmed.
     *
     * @param pauseNanos how long senders may be kept waiting for that
     * @param regardless whether to switch all the same after that time
     * @return whether it was switched
     */
    boolean sendOn(RawChannel to, long pauseNanos, boolean regardless) throws InterruptedException {
        return sendOn(to, pauseNanos, regardless, () -> true);
    }

    /** The same, but not if it has become transactional meanwhile: then both sides switch at once. */
    boolean sendAloneOn(RawChannel to, long pauseNanos, boolean regardless) throws InterruptedException {
        return sendOn(to, pauseNanos, regardless, () -> !transaction.isSelected());
    }

    private boolean sendOn(RawChannel to, long pauseNanos, boolean regardless, BooleanSupplier ready)
            throws InterruptedException {
        RawChannel from = raw();
        if (from == to) {
            return true;
        }
        try {
            boolean empty = gate.close(pauseNanos);
            boolean quiet = empty
                    && transaction.isEmpty()
                    && confirmed.await(() -> from.unconfirmed() == 0 || from.isLost() || to.isLost(), pauseNanos);
            if ((!quiet && !regardless)
                    || to.isLost()
                    || !gate.seal(WriteGate.SWITCH_NANOS)
                    || !isPrepared(to)
                    || !ready.getAsBoolean()) {
                return false;
            }
            if (!regardless && from.unconfirmed() > 0) {
                // Published by a listener of confirms, at the last moment.
                return false;
            }
            begin(to);
            return true;
        } finally {
            gate.open();
        }
    }

    /** Sends there from now on; the gate is sealed. */
    void begin(RawChannel to) {
        confirms.begin(to);
        gate.forgetPassed();
    }

    /** Whether switches failed since a listener of confirms published again and again. */
    boolean isPublishedOnByListeners() {
        return gate.wasPassed() && unconfirmed() > 0;
    }

    /** Its link is gone: nothing on it can be confirmed any more, so what is unconfirmed is reported as refused. */
    void lost(RawChannel raw) {
        List<Long> open = confirmMode ? raw.unconfirmedUpTo(raw.published()) : List.of();
        raw.lose();
        for (long tag : open) {
            refused = true;
            try {
                confirms.tell(raw, tag, false, (seen, all) -> {
                    for (ConfirmListener listener : confirmListeners) {
                        listener.handleNack(seen, all);
                    }
                });
            } catch (Throwable failure) {
                owner.guard()
                        .run(
                                "ExceptionHandler.handleConfirmListenerException",
                                raw.link().endpoint(),
                                () -> owner.exceptionHandler().handleConfirmListenerException(owner, failure));
            }
        }
        raw.lossReported();
    }

    /** The connection is lost: a wait for confirms that is under way fails, also if it only looks after recovery. */
    void connectionLost(ShutdownSignalException signal) {
        lastLoss = signal;
        losses.incrementAndGet();
        changed();
    }

    /** It is recovered: what was published before counts no more, as on a new channel. */
    void recovered() {
        refused = false;
    }

    void forget(RawChannel raw) {
        confirms.forget(raw);
    }

    // What the application sends.

    /** Something that is sent, and maybe answered. */
    <T> T send(Operation<T> operation) throws IOException {
        gate.enter();
        try {
            return operation.on(raw().channel());
        } finally {
            gate.exit();
        }
    }

    <T> T publish(AMQP.@Nullable BasicProperties properties, Operation<T> operation) throws IOException {
        transaction.join();
        gate.enter();
        try {
            RawChannel raw = raw();
            if (properties != null && ConsumerRecord.isReplyTo(properties.getReplyTo())) {
                raw.requested();
            }
            return operation.on(raw.channel());
        } finally {
            gate.exit();
        }
    }

    AMQP.Confirm.SelectOk confirmSelect() throws IOException {
        return send(channel -> {
            AMQP.Confirm.SelectOk ok = channel.confirmSelect();
            confirmMode = true;
            return ok;
        });
    }

    /**
     * @param together whether both sides are on one raw channel
     * @return null if they aren't, and nothing was done
     */
    AMQP.Tx.@Nullable SelectOk txSelect(BooleanSupplier together) throws IOException {
        gate.enter();
        owner.receiver().gate().enter();
        try {
            if (!together.getAsBoolean()) {
                return null;
            }
            AMQP.Tx.SelectOk ok = raw().channel().txSelect();
            raw().transactional = true;
            transaction.select();
            return ok;
        } finally {
            owner.receiver().gate().exit();
            gate.exit();
        }
    }

    AMQP.Tx.CommitOk txCommit() throws IOException {
        return send(channel -> {
            AMQP.Tx.CommitOk ok = channel.txCommit();
            transactionEnded();
            return ok;
        });
    }

    AMQP.Tx.RollbackOk txRollback() throws IOException {
        return send(channel -> {
            AMQP.Tx.RollbackOk ok = channel.txRollback();
            transactionEnded();
            return ok;
        });
    }

    private void transactionEnded() {
        transaction.ended();
        owner.consumerChanged();
    }

    long nextSequenceNumber() {
        return confirms.next();
    }

    boolean waitForConfirms(long timeoutMillis) throws InterruptedException, TimeoutException {
        if (!confirmMode) {
            throw new IllegalStateException("Confirms not selected");
        }
        long nanos = timeoutMillis == 0 ? Long.MAX_VALUE : TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        int known = losses.get();
        boolean done = confirmed.await(
                () -> !shutdown.isOpen() || losses.get() != known || confirms.unconfirmed() == 0, nanos);
        ShutdownSignalException cause = losses.get() != known ? lastLoss : shutdown.cause();
        if (cause != null) {
            throw ShutdownSignals.translated(cause, owner);
        }
        if (!done) {
            throw new TimeoutException();
        }
        boolean onlyAcks = !refused;
        refused = false;
        return onlyAcks;
    }
}
