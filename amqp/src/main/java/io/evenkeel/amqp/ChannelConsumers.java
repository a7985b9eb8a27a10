package io.evenkeel.amqp;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.amqp.ConsumerRecord.State;
import io.evenkeel.amqp.Epochs.Epoch;
import io.evenkeel.spi.Guard;
import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The consumers of one virtual channel: started and cancelled by the application, stopped and started again by moves.
 */
final class ChannelConsumers {

    private final VirtualChannel owner;
    private final VirtualConnection connection;
    private final ChannelReceiver receiver;
    private final Map<String, ConsumerRecord> byTag = new ConcurrentHashMap<>();
    private final StreamRestarts streams;
    private volatile @Nullable Consumer defaultConsumer;

    ChannelConsumers(VirtualChannel owner, VirtualConnection connection, ChannelReceiver receiver) {
        this.owner = owner;
        this.connection = connection;
        this.receiver = receiver;
        this.streams = new StreamRestarts(owner, connection, this);
    }

    StreamRestarts streams() {
        return streams;
    }

    Collection<ConsumerRecord> all() {
        return byTag.values();
    }

    @Nullable
    Consumer defaultConsumer() {
        return defaultConsumer;
    }

    void defaultConsumer(@Nullable Consumer consumer) {
        defaultConsumer = consumer;
    }

    /** The consumer of this tag if a move has stopped it. */
    @Nullable
    ConsumerRecord stopped(String consumerTag) {
        ConsumerRecord record = byTag.get(consumerTag);
        return record == null || record.isEnded() ? null : record;
    }

    /** Its cancel-ok was handled, or the broker cancelled it. */
    void ended(ConsumerRecord record) {
        byTag.remove(record.tag(), record);
        goneFromBroker(record);
    }

    /** The broker consumes for it no more: what goes with its last consumer has gone, once. */
    private void goneFromBroker(ConsumerRecord record) {
        if (record.takeGone()) {
            connection.consumerGone(record.queue());
        }
    }

    boolean consumesFrom(String queue) {
        for (ConsumerRecord record : byTag.values()) {
            if (!record.isEnded() && record.queue().equals(queue)) {
                return true;
            }
        }
        return false;
    }

    // What the application asks for.

    String consume(
            String queue,
            boolean autoAck,
            String consumerTag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            Consumer consumer)
            throws IOException {
        String pins = MoveObstacles.of(connection.topology(), queue, arguments);
        if (pins != null) {
            connection.interlock().enter(pins, false);
        }
        try {
            return consumeNow(queue, autoAck, consumerTag, noLocal, exclusive, arguments, consumer);
        } finally {
            if (pins != null) {
                connection.interlock().exit();
            }
        }
    }

    private String consumeNow(
            String queue,
            boolean autoAck,
            String consumerTag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            Consumer consumer)
            throws IOException {
        receiver.gate().enter();
        try {
            Epoch epoch = receiver.epoch();
            ConsumerRecord record = new ConsumerRecord(
                    queue,
                    autoAck,
                    consumerTag,
                    noLocal,
                    exclusive,
                    arguments,
                    consumer,
                    receiver.prefetch().perConsumer(),
                    mayBeStream(queue));
            EpochConsumer wrapper = record.wrap(new EpochConsumer(owner, record, epoch, true));
            String tag = epoch.raw()
                    .channel()
                    .basicConsume(queue, autoAck, consumerTag, noLocal, exclusive, arguments, wrapper);
            started(record, tag);
            return tag;
        } finally {
            receiver.gate().exit();
        }
    }

    /** Of a queue that was declared elsewhere it isn't known. */
    private boolean mayBeStream(String name) {
        TopologyRecord.Queue queue = connection.topology().queue(name);
        return queue == null || queue.isOfType("stream");
    }

    /**
     * The broker has started it: called before the application's handler of consume-ok and before the request returns,
     * whichever comes first, so that a cancel finds it from then on. Does nothing if it has ended: one that waits for
     * its cancel-ok may still be delivered to, and is kept until then.
     */
    void started(ConsumerRecord record, String tag) {
        record.tag(tag);
        byTag.compute(tag, (any, known) -> record.isEnded() ? known : record);
        ShutdownSignalException signal = owner.shutdownCause();
        if (signal != null) {
            // Started at a broker that a move went to, while the channel was lost at the other.
            channelDown(record, record.state(), signal);
        }
    }

    void cancel(String consumerTag) throws IOException {
        ConsumerRecord record = byTag.get(consumerTag);
        State before = record == null ? State.ENDED : record.end();
        ShutdownSignalException signal = owner.shutdownCause();
        if (record == null || before == State.ENDED) {
            receiver.raw().channel().basicCancel(consumerTag);
        } else if (signal != null) {
            cancelTooLate(record, before, signal);
        } else if (before == State.ACTIVE) {
            cancelActive(record);
        } else if (before == State.PAUSED) {
            // Nothing of it is at any broker, and its handlers have returned.
            cancelled(record);
        }
        // Otherwise a move has it in hand and passes the cancel-ok on.
    }

    /**
     * Its channel is shut down; but a move that had it in hand may have told the application its cancel-ok just now.
     */
    private void cancelTooLate(ConsumerRecord record, State before, ShutdownSignalException signal) {
        ended(record);
        boolean refused = record.refuseEnd();
        channelDown(record, before, signal);
        if (refused) {
            throw new AlreadyClosedException(signal);
        }
    }

    /** The application cancelled it, and no broker is left that says so. */
    private void cancelled(ConsumerRecord record) {
        ended(record);
        if (record.takeEnd()) {
            connection.inBackground(
                    () -> call("handleCancelOk", record, () -> record.consumer().handleCancelOk(record.tag())));
        }
    }

    private void cancelActive(ConsumerRecord record) throws IOException {
        receiver.gate().enter();
        try {
            EpochConsumer wrapper = record.wrapper();
            if (wrapper != null) {
                cancelAt(wrapper.raw(), record);
            }
            goneFromBroker(record);
        } catch (IOException | RuntimeException e) {
            ended(record);
            throw e;
        } finally {
            receiver.gate().exit();
        }
    }

    private void cancelAt(RawChannel raw, ConsumerRecord record) throws IOException {
        try {
            raw.channel().basicCancel(record.tag());
        } catch (IOException | ShutdownSignalException e) {
            // The application's connection lives on at the broker that the move came from, and this has ended
            // with the other.
            Link link = raw.link();
            if (link.connection().isOpen() || link == connection.current() || owner.shutdownCause() != null) {
                throw e;
            }
            cancelled(record);
        }
    }

    // What a move does.

    /** Cancels what consumes, at the broker; what it has sent so far is still handled. */
    void pause() throws IOException {
        for (ConsumerRecord record : byTag.values()) {
            EpochConsumer wrapper = record.wrapper();
            if (wrapper != null && !record.isReplyTo() && record.pause()) {
                cancel(record, wrapper);
            }
        }
    }

    private static void cancel(ConsumerRecord record, EpochConsumer wrapper) throws IOException {
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
    boolean arePaused() {
        for (ConsumerRecord record : byTag.values()) {
            if (!record.isReplyTo() && record.state() != State.PAUSED) {
                return false;
            }
        }
        return true;
    }

    /** Some consumer was started after the others were paused. */
    boolean isAnyActive() {
        for (ConsumerRecord record : byTag.values()) {
            if (!record.isReplyTo() && record.state() == State.ACTIVE) {
                return true;
            }
        }
        return false;
    }

    /** A reply comes to the channel that the request was sent from: both must listen until the last is there. */
    void moveReplyConsumers() throws IOException {
        for (ConsumerRecord record : byTag.values()) {
            if (record.isReplyTo() && !record.isEnded()) {
                start(record, record.wrap(new EpochConsumer(owner, record, receiver.epoch(), false)));
            }
        }
    }

    /** Starts the consumers that are paused, where it is received now. */
    void resume(boolean announced) throws IOException {
        start(ConsumerRecord::resume, announced);
    }

    /** Starts those again that a move has stopped and not moved, also where handlers have not returned. */
    void takeBack() throws IOException {
        for (ConsumerRecord record : byTag.values()) {
            if (record.takeNotFound() && connection.isGone(record.queue())) {
                cancelledByBroker(record);
            }
        }
        start(ConsumerRecord::takeBack, false);
    }

    /** Its queue was deleted while nothing consumed: the broker would have sent a cancel. */
    private void cancelledByBroker(ConsumerRecord record) {
        if (record.end() == State.ENDED) {
            return;
        }
        ended(record);
        if (record.takeEnd()) {
            connection.inBackground(
                    () -> call("handleCancel", record, () -> record.consumer().handleCancel(record.tag())));
        }
    }

    /** A handler of the application that no raw channel calls; what it throws goes where the client brings it. */
    private void call(String method, ConsumerRecord record, Guard.Step step) {
        try {
            step.run();
        } catch (Throwable failure) {
            connection
                    .guard()
                    .run(
                            "ExceptionHandler.handleConsumerException",
                            null,
                            () -> connection
                                    .exceptionHandler()
                                    .handleConsumerException(owner, failure, record.consumer(), record.tag(), method));
        }
    }

    /** Makes a consumer that is stopped one that is being started, with this wrapper, if its state allows it. */
    private interface Beginning {
        boolean of(ConsumerRecord record, EpochConsumer next);
    }

    private void start(Beginning beginning, boolean announced) throws IOException {
        RawChannel raw = receiver.raw();
        raw.beingResumed(true);
        for (ConsumerRecord record : byTag.values()) {
            start(beginning, record, announced);
        }
        // Not where one failed: that the raw channel was closed for it may be reported only after it has.
        raw.beingResumed(false);
    }

    /** Starts this one if it is paused. */
    void resume(ConsumerRecord record, boolean announced) throws IOException {
        start(ConsumerRecord::resume, record, announced);
    }

    private void start(Beginning beginning, ConsumerRecord record, boolean announced) throws IOException {
        EpochConsumer next = new EpochConsumer(owner, record, receiver.epoch(), announced, record.resumption());
        if (beginning.of(record, next)) {
            startAgain(record, next);
        }
    }

    private void startAgain(ConsumerRecord record, EpochConsumer next) throws IOException {
        try {
            start(record, next);
        } catch (IOException | RuntimeException e) {
            if (ShutdownSignals.notFound(e)) {
                record.wasNotFound();
            } else if (ShutdownSignals.takesNoOffset(e)) {
                record.position().isNone();
            }
            record.resumeFailed(next);
            if (!next.isRegistered()) {
                connection.inBackground(() -> stoppedAtEnd(record, next));
            }
            throw e;
        }
        if (!record.resumed(next) && byTag.get(record.tag()) == record) {
            // The application has cancelled it meanwhile; its cancel-ok follows the broker's.
            next.raw().channel().basicCancel(record.tag());
        }
        streams.await(record, next);
    }

    /** Reads a stream again from where it was, at the same broker, behind what is still being handled. */
    void readAgain(ConsumerRecord record, EpochConsumer stuck) throws IOException {
        if (record.isCurrent(stuck) && record.pause()) {
            cancel(record, stuck);
            start(ConsumerRecord::takeBack, record, false);
        }
    }

    private void start(ConsumerRecord record, EpochConsumer next) throws IOException {
        RawChannel raw = next.raw();
        receiver.prefetch().applyPerConsumer(raw, record.prefetch());
        raw.channel()
                .basicConsume(
                        record.queue(),
                        record.autoAck(),
                        record.tag(),
                        record.noLocal(),
                        record.exclusive(),
                        next.arguments(),
                        next);
        next.registered();
        receiver.prefetch().applyPerConsumer(raw, receiver.prefetch().perConsumer());
    }

    /** Holds acknowledgements back, where the broker is to have nothing more on the way. */
    boolean holdAcks() {
        int limit = limit();
        if (limit > 0 && !receiver.prefetch().isShared()) {
            receiver.raw().holdAcks();
        }
        return limit > 0;
    }

    /** The broker may send no more until something is acknowledged. */
    boolean isSaturated() {
        return receiver.raw().unsettled() >= limit();
    }

    private int limit() {
        int limit = 0;
        for (ConsumerRecord record : byTag.values()) {
            limit += !record.autoAck() && record.prefetch() > 0 ? record.prefetch() : 0;
        }
        return limit;
    }

    /** Where they were consuming is gone: as if paused. */
    void lost() {
        for (ConsumerRecord record : byTag.values()) {
            if (record.isEnded()) {
                // The broker's cancel-ok was lost, too.
                if (record.isEndOwed()) {
                    cancelled(record);
                } else {
                    byTag.remove(record.tag(), record);
                }
            } else if (!record.isReplyTo()) {
                record.lost();
            }
        }
    }

    // The end.

    /**
     * The channel is shut down. What a raw channel still has to say of a consumer comes behind its last delivery, so it
     * is waited for: {@link EpochConsumer} brings it to {@link #stoppedAtEnd}. A consumer of which no raw channel says
     * anything any more is notified here.
     */
    void shutDown(ShutdownSignalException signal) {
        for (ConsumerRecord record : byTag.values()) {
            channelDown(record, record.state(), signal);
        }
    }

    /** @param before the state that it was in when it was found that its channel is shut down */
    private void channelDown(ConsumerRecord record, State before, ShutdownSignalException signal) {
        ChannelDown down = record.downWith(signal);
        EpochConsumer last = null;
        // A move may put another in its place at this moment.
        for (EpochConsumer wrapper = record.wrapper(); wrapper != null && wrapper != last; wrapper = record.wrapper()) {
            wrapper.channelDown(down);
            last = wrapper;
        }
        EpochConsumer wrapper = last;
        // Its cancel-ok may have been handled just before it was said.
        if (wrapper != null && (before == State.PAUSED || record.state() == State.PAUSED || wrapper.isRawDown())) {
            connection.inBackground(() -> stoppedAtEnd(record, wrapper));
        }
    }

    /**
     * Nothing of it is at the broker that this was registered with, or was to be. If the application has cancelled it,
     * it has ended; if its channel is shut down, it has ended with that.
     */
    void stoppedAtEnd(ConsumerRecord record, EpochConsumer wrapper) {
        if (record.isEnded() && record.isEndOwed() && record.isCurrent(wrapper)) {
            cancelled(record);
        }
        ShutdownSignalException signal = record.isEndTold() ? null : wrapper.takeShutdown();
        if (signal != null) {
            connection
                    .guard()
                    .run(
                            "Consumer.handleShutdownSignal",
                            null,
                            () -> record.consumer().handleShutdownSignal(record.tag(), signal));
        }
    }
}
