package io.evenkeel.amqp;

import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.ShutdownSignalException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A consumer of the application, wherever it is consuming at the moment.
 *
 * <pre>
 *              pause()            paused()            resume()            resumed()
 *   ACTIVE ------------&gt; PAUSING ----------&gt; PAUSED ------------&gt; RESUMING ------------&gt; ACTIVE
 *      |                    |  `---- takeBack(), at the same broker ----^ |
 *      `------------------- end() ------------ + -------------------------'--------&gt; ENDED
 * </pre>
 *
 * {@code PAUSING}: a move has cancelled it, and what was delivered before is still being handled. {@code PAUSED}:
 * nothing of it is left at the old broker. {@code RESUMING}: it is being started at the new one. {@code ENDED}: the
 * application or the broker cancelled it; one that is ended while a move has it in hand is left to the move.
 *
 * <p>Invariant: the state changes in one step with the wrapper that it is of. From {@link #resume} and
 * {@link #takeBack} on that is the wrapper of the start under way, so that a cancel-ok of the one before, which a move
 * asked for, is never taken for the application's. Thread-safe.
 */
final class ConsumerRecord {

    enum State {
        ACTIVE,
        PAUSING,
        PAUSED,
        RESUMING,
        ENDED
    }

    /** How the application was notified of its own cancellation, or the broker's. */
    private enum End {
        PENDING,
        TOLD,
        REFUSED
    }

    /**
     * @param wrapper what is registered with a raw channel, or about to be; calls of an older one are ignored
     * @param owed whether the application cancelled it while a move had it in hand, so that its request has returned
     *     and its cancel-ok is the move's to bring
     */
    private record Registration(State state, @Nullable EpochConsumer wrapper, boolean owed) {

        Registration in(State next) {
            return new Registration(next, wrapper, owed);
        }
    }

    /** Every direct reply-to address begins so. */
    private static final String REPLY_TO = "amq.rabbitmq.reply-to";

    private final boolean autoAck;
    private final boolean noLocal;
    private final boolean exclusive;
    private final @Nullable Map<String, Object> arguments;
    private final Consumer consumer;
    private final AtomicBoolean gone = new AtomicBoolean();
    private final AtomicBoolean announced = new AtomicBoolean();
    private final AtomicReference<@Nullable ChannelDown> down = new AtomicReference<>();
    private final AtomicReference<End> end = new AtomicReference<>(End.PENDING);
    private final AtomicReference<Registration> registration =
            new AtomicReference<>(new Registration(State.ACTIVE, null, false));

    private volatile String queue;
    private volatile String tag;
    /** The per-consumer prefetch count that was in force when it began. */
    private final int prefetch;
    /** Whether the new broker said that there is no such queue. */
    private volatile boolean notFound;

    private final StreamPosition position;

    ConsumerRecord(
            String queue,
            boolean autoAck,
            String tag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            Consumer consumer,
            int prefetch,
            boolean mayBeStream) {
        this.queue = queue;
        this.autoAck = autoAck;
        this.tag = tag;
        this.noLocal = noLocal;
        this.exclusive = exclusive;
        this.arguments = arguments;
        this.consumer = consumer;
        this.prefetch = prefetch;
        position = new StreamPosition(mayBeStream);
    }

    String queue() {
        return queue;
    }

    void queue(String name) {
        queue = name;
    }

    String tag() {
        return tag;
    }

    void tag(String value) {
        tag = value;
    }

    boolean autoAck() {
        return autoAck;
    }

    boolean noLocal() {
        return noLocal;
    }

    boolean exclusive() {
        return exclusive;
    }

    Consumer consumer() {
        return consumer;
    }

    int prefetch() {
        return prefetch;
    }

    State state() {
        return registration.get().state();
    }

    boolean isReplyTo() {
        return isReplyTo(queue);
    }

    /** Whether this is an address of direct replies. */
    static boolean isReplyTo(@Nullable String address) {
        return address != null && address.startsWith(REPLY_TO);
    }

    boolean pause() {
        return change(now -> now.state() == State.ACTIVE ? now.in(State.PAUSING) : now);
    }

    /** @param by the wrapper that was cancelled for it */
    boolean paused(EpochConsumer by) {
        return change(now -> now.state() == State.PAUSING && now.wrapper() == by ? now.in(State.PAUSED) : now);
    }

    /** @param next what is to be registered for it */
    boolean resume(EpochConsumer next) {
        return change(now -> now.state() == State.PAUSED ? new Registration(State.RESUMING, next, false) : now);
    }

    /** It goes on where it was, behind what is still being handled there. */
    boolean takeBack(EpochConsumer next) {
        return change(now -> now.state() == State.PAUSED || now.state() == State.PAUSING
                ? new Registration(State.RESUMING, next, false)
                : now);
    }

    boolean resumed(EpochConsumer by) {
        return change(now -> now.state() == State.RESUMING && now.wrapper() == by ? now.in(State.ACTIVE) : now);
    }

    /** It could not be started: as before. */
    boolean resumeFailed(EpochConsumer by) {
        return change(now -> now.state() == State.RESUMING && now.wrapper() == by ? now.in(State.PAUSED) : now);
    }

    /** @return whether it changed; a verb that does not fit the state leaves it as it is */
    private boolean change(UnaryOperator<Registration> verb) {
        Registration before = registration.getAndUpdate(verb);
        return !verb.apply(before).equals(before);
    }

    /** The broker that it was to go to knows no such queue. */
    void wasNotFound() {
        notFound = true;
    }

    /** @return whether that was said since it was asked last */
    boolean takeNotFound() {
        boolean was = notFound;
        notFound = false;
        return was;
    }

    /** Its connection was lost, in any state. */
    void lost() {
        change(now -> now.state() == State.ENDED ? now : now.in(State.PAUSED));
    }

    /** @return whether no consume-ok was handled before */
    boolean takeFirstOk() {
        return announced.compareAndSet(false, true);
    }

    /** @return whether the caller is the one that sees to what has gone with it */
    boolean takeGone() {
        return gone.compareAndSet(false, true);
    }

    /** @return the state that it was in; {@code ENDED} if it was ended before */
    State end() {
        return registration
                .getAndUpdate(now -> now.state() == State.ENDED
                        ? now
                        : new Registration(
                                State.ENDED,
                                now.wrapper(),
                                now.state() == State.PAUSING || now.state() == State.RESUMING))
                .state();
    }

    boolean isEnded() {
        return state() == State.ENDED;
    }

    /** Whether it was ended while a move had it in hand: then its cancel-ok follows, also where its broker is lost. */
    boolean isEndOwed() {
        return registration.get().owed();
    }

    /** @return whether the caller is the one that tells the application that it has ended */
    boolean takeEnd() {
        return end.compareAndSet(End.PENDING, End.TOLD);
    }

    /** For a cancellation by the broker: notified also where the application's own cancellation was refused. */
    boolean takeEndByBroker() {
        return end.getAndSet(End.TOLD) != End.TOLD;
    }

    /** @return whether the caller is the one that refuses its cancellation: it is shut down with its channel instead */
    boolean refuseEnd() {
        return end.compareAndSet(End.PENDING, End.REFUSED);
    }

    boolean isEndTold() {
        return end.get() == End.TOLD;
    }

    /** Its end with its channel: one for each shutdown, wherever it is found. */
    ChannelDown downWith(ShutdownSignalException signal) {
        return Objects.requireNonNull(
                down.updateAndGet(known -> known != null && known.isOf(signal) ? known : new ChannelDown(signal)));
    }

    /** For a raw channel, in the same state; the one before is retired. */
    EpochConsumer wrap(EpochConsumer next) {
        change(now -> new Registration(now.state(), next, now.owed()));
        return next;
    }

    boolean isCurrent(EpochConsumer candidate) {
        return wrapper() == candidate;
    }

    @Nullable
    EpochConsumer wrapper() {
        return registration.get().wrapper();
    }

    StreamPosition position() {
        return position;
    }

    /** For a start that goes on in a stream; null of any other queue, and where nothing was read. */
    @Nullable
    StreamResumption resumption() {
        return position.isKnown() ? new StreamResumption(position) : null;
    }

    @Nullable
    Map<String, Object> arguments() {
        return arguments;
    }
}
