package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.ConfirmListener;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.RecoveryListener;
import com.rabbitmq.client.ReturnListener;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import com.rabbitmq.client.WriteListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The channel that the application holds, whichever raw channels carry it.
 *
 * <p>Two pointers say where it is: {@link DeliveryTags#current} is the raw channel that delivers (consumers, gets),
 * {@link PublishConfirms#current} the one that everything else is sent to. A move switches the first, then the second, so
 * for a moment they differ. Each has a gate that its operations pass, and that is closed for the switch alone:
 * {@code receiving} while gets and starts of consumers under way end, {@code sending} while publishes end and are confirmed.
 * Acknowledgements pass neither: a tag says itself which raw channel it belongs to.
 *
 * <p>What runs where: deliveries and cancel-oks on the raw channel's worker thread; confirms, returns and shutdowns on its
 * connection's reader thread; switches on the mover's thread. No application code runs under a lock of ours, and no lock is
 * held while anything is waited for, except the gates, which are made for it.
 */
final class VirtualChannel extends TopologyChannel {

    private static final Logger LOG = LoggerFactory.getLogger(VirtualChannel.class);
    private static final int BASIC_QOS = 10;
    private static final int BASIC_CONSUME = 20;

    /** What a gate waits for operations under way, in a switch that has to happen. */
    private static final long SWITCH_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final VirtualConnection connection;
    private final int number;
    private final ShutdownSignals shutdown = new ShutdownSignals();
    private final WriteGate sending;
    private final WriteGate receiving;
    private final DeliveryTags deliveries;
    private final PublishConfirms confirms;
    private final ChangeSignal confirmed = new ChangeSignal();
    private final Map<Link, RawChannel> raws = new ConcurrentHashMap<>();
    private final Map<String, ConsumerRecord> consumers = new ConcurrentHashMap<>();
    private final List<ReturnListener> returnListeners = new CopyOnWriteArrayList<>();
    private final List<ConfirmListener> confirmListeners = new CopyOnWriteArrayList<>();
    private final List<RecoveryListener> recoveryListeners = new CopyOnWriteArrayList<>();
    private volatile @Nullable Consumer defaultConsumer;
    /** The prefetch counts in force; -1 where none was set. */
    private volatile int prefetch = -1;

    private volatile int sharedPrefetch = -1;
    private volatile int prefetchSize;
    private volatile boolean confirmMode;
    private volatile boolean txMode;
    /** Whether anything was published or settled in the transaction that is open. */
    private volatile boolean txDirty;
    /** Whether something was refused since somebody last waited for confirms. */
    private volatile boolean refused;

    private final AtomicInteger lateDeliveries = new AtomicInteger();

    VirtualChannel(VirtualConnection connection, Link link, Channel channel) {
        this.connection = connection;
        this.number = channel.getChannelNumber();
        this.sending = new WriteGate(connection::isReaderThread);
        this.receiving = new WriteGate(connection::isReaderThread);
        RawChannel raw = new RawChannel(link, channel, this::changed);
        this.deliveries = new DeliveryTags(raw);
        this.confirms = new PublishConfirms(raw);
        listenTo(raw);
    }

    // The raw channels.

    private void listenTo(RawChannel raw) {
        Channel channel = raw.channel();
        raws.put(raw.link(), raw);
        channel.setDefaultConsumer(new LateDeliveries(this, raw));
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
            }

            @Override
            public void handleNack(long tag, boolean multiple) throws IOException {
                refused = true;
                confirmed(raw, tag, multiple, ConfirmListener::handleNack);
            }
        });
        channel.addShutdownListener(signal -> rawShutDown(raw, signal));
    }

    @FunctionalInterface
    private interface Confirm {
        void tell(ConfirmListener listener, long number, boolean multiple) throws IOException;
    }

    /** Listeners first, then the books, as a plain channel does it; the books also if a listener fails. */
    private void confirmed(RawChannel raw, long tag, boolean multiple, Confirm confirm) throws IOException {
        raw.link().onReader();
        try {
            if (!confirmListeners.isEmpty()) {
                confirms.tell(raw, tag, multiple, (seen, all) -> {
                    for (ConfirmListener listener : confirmListeners) {
                        confirm.tell(listener, seen, all);
                    }
                });
            }
        } finally {
            raw.confirmed(tag, multiple);
        }
    }

    /** Opens this channel on another link, with its settings and listeners, but nothing that the application could see. */
    RawChannel prepare(Link link) throws IOException {
        Channel channel = link.connection().createChannel(number);
        if (channel == null) {
            throw new IOException(
                    "channel " + number + " at " + link.endpoint()
                            + ": none could be opened (expected: the broker's channel-max to allow as many as that of the others)");
        }
        RawChannel raw = new RawChannel(link, channel, this::changed);
        listenTo(raw);
        applyPrefetch(raw);
        if (confirmMode) {
            channel.confirmSelect();
        }
        if (txMode) {
            channel.txSelect();
        }
        return raw;
    }

    /** As it is in force; what is so already is not asked for again. */
    private void applyPrefetch(RawChannel raw) throws IOException {
        if (sharedPrefetch >= 0 && raw.sharedPrefetch != sharedPrefetch) {
            raw.channel().basicQos(prefetchSize, sharedPrefetch, true);
            raw.sharedPrefetch = sharedPrefetch;
        }
        if (prefetch >= 0 && raw.prefetch != prefetch) {
            raw.channel().basicQos(prefetchSize, prefetch, false);
            raw.prefetch = prefetch;
        }
    }

    private void changed() {
        confirmed.changed();
        connection.changed();
    }

    /** A consumer's state changed. */
    void consumerChanged() {
        connection.changed();
    }

    private void rawShutDown(RawChannel raw, ShutdownSignalException signal) {
        // A connection that ends takes its channels with it; the connection sees to them.
        if (signal.isHardError() || !shutdown.isOpen() || !raw.link().isOpen() || raws.get(raw.link()) != raw) {
            return;
        }
        if (connection.isMovingTo(raw.link()) && isOfTheMove(raw, signal)) {
            raw.lose();
            return;
        }
        if (!signal.isInitiatedByApplication()) {
            LOG.info("{}: closed by the broker on {}: {}", this, raw, signal.getMessage());
        }
        shutDown(ShutdownSignals.translated(signal, this, tag -> deliveries.shown(raw, tag)));
        connection.forget(this);
    }

    /** What the new broker refuses to a move is no fault of the application's, and the move can be taken back. */
    private boolean isOfTheMove(RawChannel raw, ShutdownSignalException signal) {
        boolean prepared = receivingOn() != raw && sendingOn() != raw;
        return prepared || (raw.isBeingResumed() && ShutdownSignals.refuses(signal, BASIC_CONSUME, BASIC_QOS));
    }

    /** Ends this channel, on all raw channels, and tells. */
    void shutDown(ShutdownSignalException signal) {
        if (!shutdown.shut(signal)) {
            return;
        }
        for (RawChannel raw : raws.values()) {
            if (raw.channel().isOpen() && raw.link().isOpen()) {
                connection.inBackground(() -> abort(raw));
            }
        }
        for (ConsumerRecord record : consumers.values()) {
            if (record.state() == ConsumerRecord.State.PAUSED || !isOnCurrent(record)) {
                connection.inBackground(() -> consumerShutDown(record, signal));
            }
        }
        changed();
        shutdown.tell();
    }

    /** The consumer of this tag if a move has stopped it. */
    @Nullable
    ConsumerRecord stopped(String consumerTag) {
        ConsumerRecord record = consumers.get(consumerTag);
        return record == null || record.isEnded() ? null : record;
    }

    /** A delivery that came late, as the application sees it; null if it is received elsewhere by now. */
    @Nullable
    Envelope delivered(RawChannel raw, Envelope envelope, boolean settled) {
        DeliveryTags.Epoch epoch;
        receiving.enter();
        try {
            epoch = deliveries.current();
            if (epoch.raw() != raw || !raw.delivered(envelope.getDeliveryTag(), settled)) {
                return null;
            }
            lateDeliveries.incrementAndGet();
        } finally {
            receiving.exit();
        }
        return new Envelope(
                epoch.toVirtual(envelope.getDeliveryTag()),
                envelope.isRedeliver(),
                envelope.getExchange(),
                envelope.getRoutingKey());
    }

    private static void abort(RawChannel raw) {
        try {
            raw.channel().abort();
        } catch (IOException e) {
            // A channel that can't even be aborted is gone with its connection.
            raw.lose();
        }
    }

    /** Of any other link, it is not for the raw channel to say that the consumer is shut down. */
    private boolean isOnCurrent(ConsumerRecord record) {
        EpochConsumer wrapper = record.wrapper();
        return wrapper != null && wrapper.raw().link() == connection.current();
    }

    /** A raw channel says so; what a move does to raw channels is of no interest. */
    void rawConsumerShutDown(ConsumerRecord record, ShutdownSignalException signal) {
        if (isOnCurrent(record)) {
            consumerShutDown(record, signal);
        }
    }

    private void consumerShutDown(ConsumerRecord record, ShutdownSignalException signal) {
        ShutdownSignalException known = shutdown.cause();
        record.consumer()
                .handleShutdownSignal(record.tag(), known != null ? known : ShutdownSignals.translated(signal, this));
    }

    /** Its cancel-ok was handled, or the broker cancelled it. */
    void ended(ConsumerRecord record) {
        consumers.remove(record.tag(), record);
    }

    // What the mover and recovery do.

    int number() {
        return number;
    }

    RawChannel receivingOn() {
        return deliveries.current().raw();
    }

    RawChannel sendingOn() {
        return confirms.current().raw();
    }

    @Nullable
    RawChannel on(Link link) {
        return raws.get(link);
    }

    Collection<ConsumerRecord> consumers() {
        return consumers.values();
    }

    long unsettled() {
        long sum = 0;
        for (RawChannel raw : raws.values()) {
            sum += raw.unsettled();
        }
        return sum;
    }

    long unconfirmed() {
        return confirms.unconfirmed();
    }

    boolean isBetweenTransactions() {
        return !txMode || (!txDirty && unsettled() == 0);
    }

    boolean isTransactional() {
        return txMode;
    }

    /** Cancels what consumes, at the broker; what it has sent so far is still handled. */
    void pauseConsumers() throws IOException {
        for (ConsumerRecord record : consumers.values()) {
            EpochConsumer wrapper = record.wrapper();
            if (wrapper != null && !record.isReplyTo() && record.pause()) {
                cancel(record, wrapper);
            }
        }
    }

    private void cancel(ConsumerRecord record, EpochConsumer wrapper) throws IOException {
        Channel channel = wrapper.raw().channel();
        try {
            channel.basicCancel(record.tag());
        } catch (IOException | AlreadyClosedException e) {
            if (channel.isOpen()) {
                // The broker cancelled it at the same moment, and its notice is still to be handled.
                return;
            }
            throw e;
        }
    }

    /** Nothing consumes, and every handler of what was delivered has returned. */
    boolean isPaused() {
        for (ConsumerRecord record : consumers.values()) {
            if (!record.isReplyTo() && record.state() != ConsumerRecord.State.PAUSED) {
                return false;
            }
        }
        return true;
    }

    /** Some consumer was started after the others were paused. */
    boolean hasActiveConsumers() {
        for (ConsumerRecord record : consumers.values()) {
            if (!record.isReplyTo() && record.state() == ConsumerRecord.State.ACTIVE) {
                return true;
            }
        }
        return false;
    }

    /** How many deliveries came after their consumers were cancelled. */
    int lateDeliveries() {
        return lateDeliveries.get();
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
        if (to.isLost()) {
            throw new IOException(to + ": gone (expected: open, to receive on)");
        }
        try {
            if (!receiving.close(SWITCH_NANOS) || !receiving.seal(SWITCH_NANOS) || !isPaused()) {
                return false;
            }
            if (receivingOn().isLost()) {
                deliveries.beginAfterLoss(to);
            } else {
                deliveries.begin(to);
            }
        } finally {
            receiving.open();
        }
        applyPrefetch(to);
        moveReplyConsumers();
        return true;
    }

    /** A reply comes to the channel that the request was sent from: both must listen until the last is there. */
    private void moveReplyConsumers() throws IOException {
        for (ConsumerRecord record : consumers.values()) {
            if (record.isReplyTo() && !record.isEnded()) {
                consume(record, false);
            }
        }
    }

    /** Starts the consumers that are paused, where it is received now. */
    void resumeConsumers(boolean announced) throws IOException {
        startConsumers(ConsumerRecord::resume, announced);
    }

    /** Starts those again that a move has stopped and not moved, also where handlers have not returned. */
    void takeBackConsumers() throws IOException {
        for (ConsumerRecord record : consumers.values()) {
            if (record.takeNotFound() && connection.isGone(record.queue())) {
                cancelledByBroker(record);
            }
        }
        startConsumers(ConsumerRecord::takeBack, false);
    }

    /** Its queue was deleted while nothing consumed: the broker would have told it so. */
    private void cancelledByBroker(ConsumerRecord record) {
        if (record.end() == ConsumerRecord.State.ENDED) {
            return;
        }
        ended(record);
        connection.inBackground(() -> {
            try {
                record.consumer().handleCancel(record.tag());
            } catch (IOException | RuntimeException failure) {
                connection
                        .exceptionHandler()
                        .handleConsumerException(this, failure, record.consumer(), record.tag(), "handleCancel");
            }
        });
    }

    private void startConsumers(Predicate<ConsumerRecord> which, boolean announced) throws IOException {
        RawChannel raw = receivingOn();
        raw.beingResumed(true);
        for (ConsumerRecord record : consumers.values()) {
            if (which.test(record)) {
                try {
                    consume(record, announced);
                } catch (IOException | RuntimeException e) {
                    if (ShutdownSignals.notFound(e)) {
                        record.wasNotFound();
                    }
                    record.resumeFailed();
                    throw e;
                }
                if (!record.resumed()) {
                    // The application has cancelled it meanwhile, and is told as soon as the broker has, too.
                    raw.channel().basicCancel(record.tag());
                }
            }
        }
        raw.beingResumed(false);
    }

    private void consume(ConsumerRecord record, boolean announced) throws IOException {
        DeliveryTags.Epoch epoch = deliveries.current();
        RawChannel raw = epoch.raw();
        if (record.prefetch() >= 0 && record.prefetch() != raw.prefetch) {
            raw.channel().basicQos(prefetchSize, record.prefetch(), false);
            raw.prefetch = record.prefetch();
        }
        raw.channel()
                .basicConsume(
                        record.queue(),
                        record.autoAck(),
                        record.tag(),
                        record.noLocal(),
                        record.exclusive(),
                        record.argumentsToGoOn(),
                        record.wrap(new EpochConsumer(this, record, epoch, announced)));
        if (prefetch >= 0 && raw.prefetch != prefetch) {
            raw.channel().basicQos(prefetchSize, prefetch, false);
            raw.prefetch = prefetch;
        }
    }

    /**
     * Sends on another raw channel from now on, once everything sent before is confirmed.
     *
     * @param pauseNanos how long senders may be kept waiting for that
     * @param regardless whether to switch all the same after that time
     * @return whether it was switched
     */
    boolean sendOn(RawChannel to, long pauseNanos, boolean regardless) throws InterruptedException {
        RawChannel from = sendingOn();
        if (from == to) {
            return true;
        }
        try {
            boolean empty = sending.close(pauseNanos);
            boolean quiet = empty
                    && !(txMode && txDirty)
                    && confirmed.await(() -> from.unconfirmed() == 0 || from.isLost(), pauseNanos);
            if ((!quiet && !regardless) || !sending.seal(SWITCH_NANOS)) {
                return false;
            }
            if (!regardless && from.unconfirmed() > 0) {
                // Published by a listener of confirms, at the last moment.
                return false;
            }
            confirms.begin(to);
            return true;
        } finally {
            sending.open();
        }
    }

    /** Holds acknowledgements back, where the broker is to have nothing more on the way. */
    boolean holdAcks() {
        int limit = 0;
        for (ConsumerRecord record : consumers.values()) {
            if (!record.autoAck()) {
                limit += record.prefetch() > 0 ? record.prefetch() : 0;
            }
        }
        if (limit > 0 && sharedPrefetch <= 0) {
            receivingOn().holdAcks();
        }
        return limit > 0;
    }

    /** The broker may send no more until something is acknowledged. */
    boolean isSaturated() {
        int limit = 0;
        for (ConsumerRecord record : consumers.values()) {
            limit += !record.autoAck() && record.prefetch() > 0 ? record.prefetch() : 0;
        }
        return receivingOn().unsettled() >= limit;
    }

    /** Its link is gone: nothing on it can be settled or confirmed any more, so what is unconfirmed is told as refused. */
    void lost(Link link) {
        RawChannel raw = raws.get(link);
        if (raw == null) {
            return;
        }
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
            } catch (IOException | RuntimeException failure) {
                connection.exceptionHandler().handleConfirmListenerException(this, failure);
            }
        }
        changed();
    }

    /** It is not used any more: forgets the link's raw channel. */
    void forget(Link link, boolean wasLost) {
        RawChannel raw = raws.remove(link);
        if (raw != null) {
            deliveries.forget(raw, wasLost);
            confirms.forget(raw);
        }
    }

    /** After its connection was lost: on another, with consumers stopped until {@link #resumeConsumers}. */
    void reopenOn(Link link) throws IOException, InterruptedException {
        RawChannel raw = prepare(link);
        consumersLost();
        txDirty = false;
        receiveOn(raw);
        if (!sendOn(raw, SWITCH_NANOS, true)) {
            throw new IOException("channel " + number + ": an operation did not end although its connection is lost");
        }
        shutdown.reopen();
    }

    /** Where they were consuming is gone: as if paused. */
    void consumersLost() {
        for (ConsumerRecord record : consumers.values()) {
            if (!record.isReplyTo()) {
                record.lost();
            }
        }
    }

    void tellRecovered() {
        for (RecoveryListener listener : recoveryListeners) {
            listener.handleRecovery(this);
        }
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
        sendingOn().channel().close(code, message);
        closed(code, message);
    }

    @Override
    public void abort(int code, String message) throws IOException {
        connection.forget(this);
        sendingOn().channel().abort(code, message);
        closed(code, message);
    }

    /** The raw channel's own signal comes first as a rule. */
    private void closed(int code, String message) {
        shutDown(ShutdownSignals.byApplication(code, message, this));
        connection.changed();
    }

    @Override
    public void addReturnListener(ReturnListener listener) {
        returnListeners.add(listener);
    }

    @Override
    public boolean removeReturnListener(ReturnListener listener) {
        return returnListeners.remove(listener);
    }

    @Override
    public void clearReturnListeners() {
        returnListeners.clear();
    }

    @Override
    public void addConfirmListener(ConfirmListener listener) {
        confirmListeners.add(listener);
    }

    @Override
    public boolean removeConfirmListener(ConfirmListener listener) {
        return confirmListeners.remove(listener);
    }

    @Override
    public void clearConfirmListeners() {
        confirmListeners.clear();
    }

    @Override
    public @Nullable Consumer getDefaultConsumer() {
        return defaultConsumer;
    }

    @Override
    public void setDefaultConsumer(@Nullable Consumer consumer) {
        defaultConsumer = consumer;
    }

    @Override
    public void addShutdownListener(ShutdownListener listener) {
        shutdown.add(listener);
    }

    @Override
    public void removeShutdownListener(ShutdownListener listener) {
        shutdown.remove(listener);
    }

    @Override
    public @Nullable ShutdownSignalException getCloseReason() {
        ShutdownSignalException cause = shutdown.cause();
        return cause != null ? cause : justEnded();
    }

    /**
     * Why the raw channel was closed if that is not told yet: a request that the broker answers so returns before, and
     * whoever made it may ask at once whether the channel can be used again.
     */
    private @Nullable ShutdownSignalException justEnded() {
        ShutdownSignalException cause = justEnded(receivingOn());
        return cause != null ? cause : justEnded(sendingOn());
    }

    private @Nullable ShutdownSignalException justEnded(RawChannel raw) {
        if (raw.channel().isOpen() || raw.isLost() || !raw.link().isOpen()) {
            return null;
        }
        ShutdownSignalException signal = raw.channel().getCloseReason();
        boolean tellsUs = signal != null
                && !signal.isHardError()
                && !(connection.isMovingTo(raw.link()) && isOfTheMove(raw, signal));
        return tellsUs ? ShutdownSignals.translated(signal, this, tag -> deliveries.shown(raw, tag)) : null;
    }

    @Override
    public void notifyListeners() {
        shutdown.tell();
    }

    @Override
    public boolean isOpen() {
        return shutdown.isOpen() && justEnded() == null;
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
        sending.enter();
        try {
            sender(properties).basicPublish(exchange, routingKey, mandatory, immediate, properties, body);
        } finally {
            sending.exit();
        }
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
        sending.enter();
        try {
            sender(properties).basicPublish(exchange, routingKey, mandatory, immediate, properties, body, listener);
        } finally {
            sending.exit();
        }
    }

    /** Within the gate. */
    private Channel sender(AMQP.@Nullable BasicProperties properties) {
        RawChannel raw = confirms.current().raw();
        if (txMode) {
            txDirty = true;
        }
        if (properties != null
                && properties.getReplyTo() != null
                && properties.getReplyTo().startsWith(ConsumerRecord.REPLY_TO)) {
            raw.requested();
        }
        return raw.channel();
    }

    @Override
    public AMQP.Confirm.SelectOk confirmSelect() throws IOException {
        return send(channel -> {
            AMQP.Confirm.SelectOk ok = channel.confirmSelect();
            confirmMode = true;
            return ok;
        });
    }

    @Override
    public long getNextPublishSeqNo() {
        return confirms.next();
    }

    @Override
    public boolean waitForConfirms(long timeout) throws InterruptedException, TimeoutException {
        if (!confirmMode) {
            throw new IllegalStateException("Confirms not selected");
        }
        long nanos = timeout == 0 ? Long.MAX_VALUE : TimeUnit.MILLISECONDS.toNanos(timeout);
        boolean done = confirmed.await(() -> !shutdown.isOpen() || confirms.unconfirmed() == 0, nanos);
        ShutdownSignalException cause = shutdown.cause();
        if (cause != null) {
            throw ShutdownSignals.translated(cause, this);
        }
        if (!done) {
            throw new TimeoutException();
        }
        boolean onlyAcks = !refused;
        refused = false;
        return onlyAcks;
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
        sending.enter();
        try {
            return operation.on(confirms.current().raw().channel());
        } finally {
            sending.exit();
        }
    }

    @Override
    TopologyRecord topology() {
        return connection.topology();
    }

    @Override
    public AMQP.Tx.SelectOk txSelect() throws IOException {
        return send(channel -> {
            AMQP.Tx.SelectOk ok = channel.txSelect();
            txMode = true;
            return ok;
        });
    }

    @Override
    public AMQP.Tx.CommitOk txCommit() throws IOException {
        return send(channel -> {
            AMQP.Tx.CommitOk ok = channel.txCommit();
            txDirty = false;
            return ok;
        });
    }

    @Override
    public AMQP.Tx.RollbackOk txRollback() throws IOException {
        return send(channel -> {
            AMQP.Tx.RollbackOk ok = channel.txRollback();
            txDirty = false;
            return ok;
        });
    }

    @Override
    public void asyncRpc(Method method) throws IOException {
        send(channel -> {
            channel.asyncRpc(method);
            return true;
        });
        Declarations.record(topology(), method, null);
    }

    @Override
    public Command rpc(Method method) throws IOException {
        Command answer = send(channel -> channel.rpc(method));
        Declarations.record(topology(), method, answer.getMethod());
        return answer;
    }

    @Override
    public CompletableFuture<Command> asyncCompletableRpc(Method method) throws IOException {
        return send(channel -> channel.asyncCompletableRpc(method)).whenComplete((answer, failure) -> {
            if (answer != null) {
                Declarations.record(topology(), method, answer.getMethod());
            }
        });
    }

    // Receiving.

    @Override
    public void basicQos(int size, int count, boolean global) throws IOException {
        receiving.enter();
        try {
            RawChannel raw = receivingOn();
            raw.channel().basicQos(size, count, global);
            prefetchSize = size;
            if (global) {
                sharedPrefetch = count;
                raw.sharedPrefetch = count;
            } else {
                prefetch = count;
                raw.prefetch = count;
            }
        } finally {
            receiving.exit();
        }
    }

    @Override
    public @Nullable GetResponse basicGet(String queue, boolean autoAck) throws IOException {
        receiving.enter();
        try {
            DeliveryTags.Epoch epoch = deliveries.current();
            GetResponse got = epoch.raw().channel().basicGet(queue, autoAck);
            if (got == null) {
                return null;
            }
            Envelope envelope = got.getEnvelope();
            epoch.raw().delivered(envelope.getDeliveryTag(), autoAck);
            if (txMode) {
                txDirty = true;
            }
            Envelope seen = new Envelope(
                    epoch.toVirtual(envelope.getDeliveryTag()),
                    envelope.isRedeliver(),
                    envelope.getExchange(),
                    envelope.getRoutingKey());
            return new GetResponse(seen, got.getProps(), got.getBody(), got.getMessageCount());
        } finally {
            receiving.exit();
        }
    }

    @Override
    public void basicAck(long deliveryTag, boolean multiple) throws IOException {
        settle(deliveryTag, multiple, Channel::basicAck);
    }

    @Override
    public void basicNack(long deliveryTag, boolean multiple, boolean requeue) throws IOException {
        settle(deliveryTag, multiple, (channel, tag, all) -> channel.basicNack(tag, all, requeue));
    }

    @Override
    public void basicReject(long deliveryTag, boolean requeue) throws IOException {
        settle(deliveryTag, false, (channel, tag, all) -> channel.basicReject(tag, requeue));
    }

    private void settle(long deliveryTag, boolean multiple, RawChannel.Settlement verdict) throws IOException {
        if (txMode) {
            txDirty = true;
        }
        deliveries.settle(deliveryTag, multiple, (raw, tag, all) -> {
            // While a move is taken back whose new broker is gone: the message comes again.
            if (!raw.isLost() || !shutdown.isOpen()) {
                raw.settle(tag, all, verdict);
            }
        });
    }

    @Override
    public AMQP.Basic.RecoverOk basicRecover(boolean requeue) throws IOException {
        receiving.enter();
        try {
            RawChannel current = receivingOn();
            for (RawChannel raw : raws.values()) {
                if (raw != current && !raw.isLost() && raw.unsettled() > 0) {
                    raw.recovered();
                    raw.channel().basicRecover(requeue);
                }
            }
            current.recovered();
            return current.channel().basicRecover(requeue);
        } finally {
            receiving.exit();
        }
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
        receiving.enter();
        try {
            DeliveryTags.Epoch epoch = deliveries.current();
            ConsumerRecord record =
                    new ConsumerRecord(queue, autoAck, consumerTag, noLocal, exclusive, arguments, consumer, prefetch);
            EpochConsumer wrapper = record.wrap(new EpochConsumer(this, record, epoch, true));
            String tag = epoch.raw()
                    .channel()
                    .basicConsume(queue, autoAck, consumerTag, noLocal, exclusive, arguments, wrapper);
            record.tag(tag);
            consumers.put(tag, record);
            if (record.isEnded()) {
                // The broker has cancelled it already.
                consumers.remove(tag, record);
            }
            return tag;
        } finally {
            receiving.exit();
        }
    }

    @Override
    public void basicCancel(String consumerTag) throws IOException {
        ConsumerRecord record = consumers.get(consumerTag);
        ConsumerRecord.State before = record == null ? ConsumerRecord.State.ENDED : record.end();
        if (record == null || before == ConsumerRecord.State.ENDED) {
            receivingOn().channel().basicCancel(consumerTag);
        } else if (before == ConsumerRecord.State.ACTIVE) {
            cancelActive(record);
        } else if (before == ConsumerRecord.State.PAUSED) {
            // Nothing of it is at any broker, and its handlers have returned.
            consumers.remove(consumerTag, record);
            connection.inBackground(() -> record.consumer().handleCancelOk(consumerTag));
        }
        // Otherwise a move has it in hand and passes the cancel-ok on.
    }

    private void cancelActive(ConsumerRecord record) throws IOException {
        receiving.enter();
        try {
            EpochConsumer wrapper = record.wrapper();
            if (wrapper != null) {
                wrapper.raw().channel().basicCancel(record.tag());
            }
        } catch (IOException | RuntimeException e) {
            consumers.remove(record.tag(), record);
            throw e;
        } finally {
            receiving.exit();
        }
    }

    @Override
    public String toString() {
        return "channel " + number + " of " + connection;
    }
}
