package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ExceptionHandler;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ReturnListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.WriteListener;
import io.evenkeel.spi.Guard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The channel that the application holds, whichever raw channels carry it.
 *
 * <p>Two sides say where it is: {@link ChannelReceiver} has the raw channel that delivers (consumers, gets),
 * {@link ChannelPublisher} the one that everything else is sent to. A move switches the first, then the second, so for
 * a moment they differ. Each has a gate that its operations pass, and that is closed for the switch alone.
 * Acknowledgements pass neither: a tag says itself which raw channel it belongs to.
 *
 * <p>What runs where: deliveries and cancel-oks on the raw channel's worker thread; confirms, returns and shutdowns on
 * its connection's reader thread; switches on the mover's thread. No application code runs under a lock of ours, and no
 * lock is held while anything is waited for, except the gates, which are made for it.
 */
final class VirtualChannel extends TopologyChannel {

    private final VirtualConnection connection;
    private final int number;
    private final ShutdownSignals shutdown = new ShutdownSignals();
    private final RawChannels raws = new RawChannels();
    private final ChannelEnd end;
    private final ChannelTransaction transaction;
    private final ChannelReceiver receiver;
    private final ChannelConsumers consumers;
    private final ChannelPublisher publisher;
    private final List<RecoveryListener> recoveryListeners = new CopyOnWriteArrayList<>();

    VirtualChannel(VirtualConnection connection, Link link, Channel channel) {
        this.connection = connection;
        this.number = channel.getChannelNumber();
        this.transaction = new ChannelTransaction(connection::isReaderThread, connection.conditions());
        RawChannel raw = new RawChannel(link, channel, () -> changed(link));
        this.receiver = new ChannelReceiver(
                new WriteGate(connection::isReaderThread, connection.conditions()), shutdown, transaction, raws, raw);
        this.consumers = new ChannelConsumers(this, connection, receiver);
        this.publisher = new ChannelPublisher(
                this,
                new WriteGate(connection::isReaderThread, connection.conditions()),
                shutdown,
                transaction,
                new SenderReplacement(this, connection),
                new ChangeSignal(connection.conditions()),
                raw);
        this.end = new ChannelEnd(this, connection, raws, shutdown);
        listenTo(raw);
    }

    ChannelEnd end() {
        return end;
    }

    ChannelReceiver receiver() {
        return receiver;
    }

    ChannelConsumers consumers() {
        return consumers;
    }

    ChannelPublisher publisher() {
        return publisher;
    }

    // The raw channels.

    private void listenTo(RawChannel raw) {
        raws.add(raw);
        raw.channel().setDefaultConsumer(new LateDeliveries(this, raw));
        publisher.listenTo(raw);
        raw.channel().addShutdownListener(signal -> end.rawShutDown(raw, signal));
    }

    /**
     * Opens this channel on another link, with its settings and listeners, but nothing that the application could see.
     */
    RawChannel prepare(Link link) throws IOException {
        Channel channel = link.connection().createChannel(number);
        if (channel == null) {
            throw new IOException("channel " + number + " at " + link.endpoint()
                    + ": none could be opened (expected: the broker's channel-max to allow as many as that of"
                    + " the others)");
        }
        RawChannel raw = new RawChannel(link, channel, () -> changed(link), true);
        listenTo(raw);
        receiver.prefetch().apply(raw);
        publisher.prepare(raw);
        return raw;
    }

    /** Whether sending alone may go to another raw channel: not where what is received depends on it. */
    boolean mayReplaceSender() {
        return !transaction.isSelected() && consumers.all().stream().noneMatch(ConsumerRecord::isReplyTo);
    }

    /** A raw channel for sending alone, beside the one that receives. */
    RawChannel prepareSender(Link link, Channel channel) throws IOException {
        RawChannel raw = new RawChannel(link, channel, () -> changed(link), true);
        raws.add(raw);
        publisher.listenTo(raw);
        channel.addShutdownListener(signal -> end.rawShutDown(raw, signal));
        publisher.prepare(raw);
        return raw;
    }

    /** It is sent on no more; the one that moves know stays, since it may receive and has the channel's number. */
    void retireSender(RawChannel raw) {
        if (raws.on(raw.link()) != raw && sendingOn() != raw) {
            // What was not confirmed on it never will be.
            publisher.lost(raw);
            raws.remove(raw);
            publisher.forget(raw);
            connection.inBackground(() -> abort(raw));
        }
    }

    /** The books of the raw channel on this link changed. */
    private void changed(Link link) {
        publisher.changed();
        connection.changed(link);
    }

    /** A consumer's, or the transaction's, state changed. */
    void consumerChanged() {
        connection.activity().changed();
    }

    /** Ends this channel, on all raw channels, and notifies. */
    void shutDown(ShutdownSignalException signal) {
        if (!shutdown.shut(signal)) {
            return;
        }
        for (RawChannel raw : raws.all()) {
            if (raw.channel().isOpen() && raw.link().isOpen()) {
                connection.inBackground(() -> abort(raw));
            }
        }
        consumers.shutDown(signal);
        publisher.changed();
        connection.changed();
        shutdown.tell(connection.guard());
    }

    private static void abort(RawChannel raw) {
        try {
            raw.channel().abort();
        } catch (IOException e) {
            // A channel that can't even be aborted is gone with its connection.
            raw.lose();
        }
    }

    /** Why it is shut down, or null. */
    @Nullable
    ShutdownSignalException shutdownCause() {
        return shutdown.cause();
    }

    // What the mover and recovery do.

    int number() {
        return number;
    }

    RawChannel receivingOn() {
        return receiver.raw();
    }

    RawChannel sendingOn() {
        return publisher.raw();
    }

    @Nullable
    RawChannel on(Link link) {
        return raws.on(link);
    }

    int rawChannels() {
        return raws.all().size();
    }

    long unsettled() {
        return raws.unsettled();
    }

    boolean isBetweenTransactions() {
        return transaction.isEmpty() && (!transaction.isSelected() || unsettled() == 0);
    }

    /** Everything that was delivered is settled. */
    boolean isSettled() {
        return receivingOn().unsettled() == 0;
    }

    /**
     * Receives on another raw channel from now on; consumers stay paused.
     *
     * @return false if an operation under way did not end in time, or a consumer was started meanwhile
     */
    boolean receiveOn(RawChannel to) throws IOException, InterruptedException {
        return receiveOn(to, consumers::arePaused);
    }

    /** The same, but not if it has become transactional meanwhile: then both sides switch at once. */
    boolean receiveAloneOn(RawChannel to) throws IOException, InterruptedException {
        return receiveOn(to, () -> consumers.arePaused() && !transaction.isSelected());
    }

    private boolean receiveOn(RawChannel to, BooleanSupplier ready) throws IOException, InterruptedException {
        if (!receiver.receiveOn(to, ready)) {
            return false;
        }
        consumers.moveReplyConsumers();
        return true;
    }

    /** Its link is gone: nothing on it can be settled or confirmed any more. */
    void lost(Link link) {
        for (RawChannel raw : raws.allOn(link)) {
            publisher.lost(raw);
            changed(link);
        }
    }

    /** Whether nothing on this link is unsettled or unconfirmed, and no reply is waited for. */
    boolean isQuietOn(Link link, boolean repliesMatter) {
        for (RawChannel raw : raws.allOn(link)) {
            if (!raw.isQuiet() || (repliesMatter && raw.isAwaitingReplies())) {
                return false;
            }
        }
        return true;
    }

    /** Forgets what it had on links that are lost, where it is neither on any more. */
    void forgetLost() {
        for (RawChannel raw : raws.all()) {
            if (raw.link().isLost() && raw.isLossReported() && raw != receivingOn() && raw != sendingOn()) {
                raws.remove(raw);
                receiver.forget(raw, true);
                publisher.forget(raw);
            }
        }
    }

    /** It is not used any more: forgets the link's raw channel. */
    void forget(Link link, boolean wasLost) {
        for (RawChannel raw : raws.allOn(link)) {
            raws.remove(raw);
            receiver.forget(raw, wasLost);
            publisher.forget(raw);
        }
    }

    /** The open transaction was lost with its broker. */
    void transactionLost() {
        transaction.ended();
    }

    @Override
    boolean isTransactional() {
        return transaction.isSelected();
    }

    /**
     * Receives and sends on another raw channel from now on, in one step between two transactions; consumers stay
     * paused.
     *
     * @param pauseNanos how long to wait for the open transaction, and to keep the next one waiting
     * @return whether it was switched
     */
    boolean switchBetweenTransactions(RawChannel to, long pauseNanos) throws IOException, InterruptedException {
        if (to.isLost()) {
            throw new IOException(to + ": gone (expected: open, to move to)");
        }
        if (unsettled() > 0) {
            // Their acknowledgements would begin the transaction that is kept waiting.
            return false;
        }
        WriteGate sending = publisher.gate();
        WriteGate receiving = receiver.gate();
        try {
            transaction.letNoneBegin();
            boolean between = connection.activity().await(transaction::isEmpty, pauseNanos)
                    && sending.close(pauseNanos)
                    && sending.seal(WriteGate.SWITCH_NANOS)
                    && receiving.close(WriteGate.SWITCH_NANOS)
                    && receiving.seal(WriteGate.SWITCH_NANOS);
            if (!between
                    || !publisher.isPrepared(to)
                    || !isBetweenTransactions()
                    || !consumers.arePaused()
                    || to.isLost()) {
                return false;
            }
            receiver.begin(to);
            publisher.begin(to);
        } finally {
            receiving.open();
            sending.open();
            transaction.letBegin();
        }
        receiver.prefetch().apply(to);
        return true;
    }

    /** After its connection was lost: on another, with consumers stopped until {@link ChannelConsumers#resume}. */
    void reopenOn(Link link) throws IOException, InterruptedException {
        RawChannel raw = prepare(link);
        consumers.lost();
        transaction.ended();
        receiveOn(raw);
        if (!publisher.sendOn(raw, WriteGate.SWITCH_NANOS, true)) {
            throw new IOException("channel " + number + ": an operation did not end although its connection is lost");
        }
    }

    /** Its connection is recovered. */
    void reopened() {
        publisher.recovered();
        shutdown.reopen();
        forgetLost();
    }

    /** Its connection is lost: it is shut down until {@link #reopened}, if that ever comes. */
    void connectionLost(ShutdownSignalException signal) {
        publisher.connectionLost(signal);
        shutDown(signal);
    }

    void tellRecoveryStarted() {
        tell("handleRecoveryStarted", listener -> listener.handleRecoveryStarted(this));
    }

    void tellRecovered() {
        tell("handleRecovery", listener -> listener.handleRecovery(this));
    }

    private void tell(String what, java.util.function.Consumer<RecoveryListener> call) {
        for (RecoveryListener listener : recoveryListeners) {
            connection.guard().run("RecoveryListener." + what, null, () -> call.accept(listener));
        }
    }

    Guard guard() {
        return connection.guard();
    }

    ExceptionHandler exceptionHandler() {
        return connection.exceptionHandler();
    }

    // Channel.

    @Override
    public int getChannelNumber() {
        return number;
    }

    @Override
    public Connection getConnection() {
        return connection;
    }

    @Override
    public void close(int code, String message) throws IOException, TimeoutException {
        connection.forget(this);
        RawChannel raw = sendingOn();
        try {
            raw.channel().close(code, message);
        } catch (IOException | ShutdownSignalException e) {
            // Forgotten, it keeps no link from being closed in order after a move, and that closes it as well.
            if (!raw.link().isRetired()) {
                throw e;
            }
        } finally {
            closed(code, message);
        }
    }

    @Override
    public void abort(int code, String message) throws IOException {
        connection.forget(this);
        try {
            sendingOn().channel().abort(code, message);
        } finally {
            closed(code, message);
        }
    }

    /** The raw channel's own signal comes first as a rule; forgotten by its connection, it gets none of that. */
    private void closed(int code, String message) {
        shutDown(ShutdownSignals.ofChannelByApplication(code, message, this));
    }

    @Override
    public void addReturnListener(ReturnListener listener) {
        publisher.returnListeners().add(listener);
    }

    @Override
    public boolean removeReturnListener(ReturnListener listener) {
        return publisher.returnListeners().remove(listener);
    }

    @Override
    public void clearReturnListeners() {
        publisher.returnListeners().clear();
    }

    @Override
    public void addConfirmListener(ConfirmListener listener) {
        publisher.confirmListeners().add(listener);
    }

    @Override
    public boolean removeConfirmListener(ConfirmListener listener) {
        return publisher.confirmListeners().remove(listener);
    }

    @Override
    public void clearConfirmListeners() {
        publisher.confirmListeners().clear();
    }

    @Override
    public @Nullable Consumer getDefaultConsumer() {
        return consumers.defaultConsumer();
    }

    @Override
    public void setDefaultConsumer(@Nullable Consumer consumer) {
        consumers.defaultConsumer(consumer);
    }

    @Override
    public void addShutdownListener(ShutdownListener listener) {
        shutdown.add(listener, connection.guard());
    }

    @Override
    public void removeShutdownListener(ShutdownListener listener) {
        shutdown.remove(listener);
    }

    @Override
    public @Nullable ShutdownSignalException getCloseReason() {
        ShutdownSignalException cause = shutdown.cause();
        ShutdownSignalException own = cause != null ? cause : end.justEnded();
        return own != null ? own : connection.getCloseReason();
    }

    @Override
    public void notifyListeners() {
        shutdown.tell(connection.guard());
    }

    @Override
    public boolean isOpen() {
        return isInUse() && connection.isOpen();
    }

    /** Whether a move takes it along: it has no end of its own. A loss of the connection is the mover's to find. */
    boolean isInUse() {
        return shutdown.isOpen() && end.justEnded() == null;
    }

    @Override
    public void addRecoveryListener(RecoveryListener listener) {
        recoveryListeners.add(listener);
    }

    @Override
    public void removeRecoveryListener(RecoveryListener listener) {
        recoveryListeners.remove(listener);
    }

    // Publishing.

    @Override
    public void basicPublish(
            String exchange,
            String routingKey,
            boolean mandatory,
            boolean immediate,
            AMQP.@Nullable BasicProperties properties,
            byte[] body)
            throws IOException {
        publisher.publish(properties, channel -> {
            channel.basicPublish(exchange, routingKey, mandatory, immediate, properties, body);
            return true;
        });
    }

    @Override
    public void basicPublish(
            String exchange,
            String routingKey,
            boolean mandatory,
            boolean immediate,
            AMQP.@Nullable BasicProperties properties,
            ByteBuffer body,
            WriteListener listener)
            throws IOException {
        publisher.publish(properties, channel -> {
            channel.basicPublish(exchange, routingKey, mandatory, immediate, properties, body, listener);
            return true;
        });
    }

    @Override
    public AMQP.Confirm.SelectOk confirmSelect() throws IOException {
        return publisher.confirmSelect();
    }

    @Override
    public long getNextPublishSeqNo() {
        return publisher.nextSequenceNumber();
    }

    @Override
    public boolean waitForConfirms(long timeout) throws InterruptedException, TimeoutException {
        return publisher.waitForConfirms(timeout);
    }

    @Override
    public void waitForConfirmsOrDie(long timeout) throws IOException, InterruptedException, TimeoutException {
        try {
            if (!waitForConfirms(timeout)) {
                close(AMQP.REPLY_SUCCESS, "NACKS RECEIVED");
                throw new IOException("nacks received");
            }
        } catch (TimeoutException e) {
            close(AMQP.PRECONDITION_FAILED, "TIMEOUT WAITING FOR ACK");
            throw e;
        }
    }

    // Everything that is sent, and maybe answered, on the sending side.

    @Override
    <T> T send(Operation<T> operation) throws IOException {
        return publisher.send(operation);
    }

    @Override
    TopologyRecord topology() {
        return connection.topology();
    }

    @Override
    public AMQP.Tx.SelectOk txSelect() throws IOException {
        AMQP.Tx.SelectOk ok = publisher.txSelect(() -> receivingOn() == sendingOn());
        if (ok == null) {
            // Half of it has moved, and what it receives must be of the transaction that it sends in.
            interlock().enter("channel " + number + " becomes transactional", false);
            try {
                ok = publisher.txSelect(() -> true);
            } finally {
                interlock().exit();
            }
        }
        return Objects.requireNonNull(ok);
    }

    @Override
    public AMQP.Tx.CommitOk txCommit() throws IOException {
        return publisher.txCommit();
    }

    @Override
    public AMQP.Tx.RollbackOk txRollback() throws IOException {
        return publisher.txRollback();
    }

    @Override
    MoveInterlock interlock() {
        return connection.interlock();
    }

    // Receiving.

    @Override
    public void basicQos(int size, int count, boolean global) throws IOException {
        receiver.basicQos(size, count, global);
    }

    @Override
    public @Nullable GetResponse basicGet(String queue, boolean autoAck) throws IOException {
        return receiver.basicGet(queue, autoAck);
    }

    @Override
    public void basicAck(long deliveryTag, boolean multiple) throws IOException {
        receiver.settle(deliveryTag, multiple, Channel::basicAck);
    }

    @Override
    public void basicNack(long deliveryTag, boolean multiple, boolean requeue) throws IOException {
        receiver.settle(deliveryTag, multiple, (channel, tag, all) -> channel.basicNack(tag, all, requeue));
    }

    @Override
    public void basicReject(long deliveryTag, boolean requeue) throws IOException {
        receiver.settle(deliveryTag, false, (channel, tag, all) -> channel.basicReject(tag, requeue));
    }

    @Override
    public AMQP.Basic.RecoverOk basicRecover(boolean requeue) throws IOException {
        return receiver.basicRecover(requeue);
    }

    @Override
    public String basicConsume(
            String queue,
            boolean autoAck,
            String consumerTag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            Consumer consumer)
            throws IOException {
        return consumers.consume(queue, autoAck, consumerTag, noLocal, exclusive, arguments, consumer);
    }

    @Override
    public void basicCancel(String consumerTag) throws IOException {
        consumers.cancel(consumerTag);
    }

    @Override
    public String toString() {
        return "channel " + number + " of " + connection;
    }
}
