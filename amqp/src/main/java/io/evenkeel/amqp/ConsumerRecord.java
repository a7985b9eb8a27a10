package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Consumer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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
 * {@code PAUSING}: a move has cancelled it, and what was delivered before is still being handled. {@code PAUSED}: nothing of
 * it is left at the old broker. {@code RESUMING}: it is being started at the new one. {@code ENDED}: the application or the
 * broker cancelled it; one that is ended while a move has it in hand is left to the move. Thread-safe.
 */
final class ConsumerRecord {

    enum State {
        ACTIVE,
        PAUSING,
        PAUSED,
        RESUMING,
        ENDED
    }

    /** Every direct reply-to address begins so. */
    private static final String REPLY_TO = "amq.rabbitmq.reply-to";

    private static final String STREAM_OFFSET = "x-stream-offset";

    private final boolean autoAck;
    private final boolean noLocal;
    private final boolean exclusive;
    private final @Nullable Map<String, Object> arguments;
    private final Consumer consumer;
    private final AtomicBoolean gone = new AtomicBoolean();
    private final AtomicBoolean announced = new AtomicBoolean();
    private final AtomicReference<State> state = new AtomicReference<>(State.ACTIVE);

    private volatile String queue;
    private volatile String tag;
    /** The wrapper that is registered with a raw channel now; calls of an older one are ignored. */
    private volatile @Nullable EpochConsumer wrapper;
    /** The per-consumer prefetch count that was in force when it began. */
    private final int prefetch;
    /** Whether the new broker said that there is no such queue. */
    private volatile boolean notFound;
    /** The last offset delivered, of a stream; -1 where none was. */
    private volatile long streamOffset = -1;

    ConsumerRecord(
            String queue,
            boolean autoAck,
            String tag,
            boolean noLocal,
            boolean exclusive,
            @Nullable Map<String, Object> arguments,
            Consumer consumer,
            int prefetch) {
        this.queue = queue;
        this.autoAck = autoAck;
        this.tag = tag;
        this.noLocal = noLocal;
        this.exclusive = exclusive;
        this.arguments = arguments;
        this.consumer = consumer;
        this.prefetch = prefetch;
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
        return state.get();
    }

    boolean isReplyTo() {
        return isReplyTo(queue);
    }

    /** Whether this is an address of direct replies. */
    static boolean isReplyTo(@Nullable String address) {
        return address != null && address.startsWith(REPLY_TO);
    }

    boolean pause() {
        return state.compareAndSet(State.ACTIVE, State.PAUSING);
    }

    boolean paused() {
        return state.compareAndSet(State.PAUSING, State.PAUSED);
    }

    boolean resume() {
        return state.compareAndSet(State.PAUSED, State.RESUMING);
    }

    /** It goes on where it was, behind what is still being handled there. */
    boolean takeBack() {
        return resume() || state.compareAndSet(State.PAUSING, State.RESUMING);
    }

    boolean resumed() {
        return state.compareAndSet(State.RESUMING, State.ACTIVE);
    }

    /** It could not be started: as before. */
    boolean resumeFailed() {
        return state.compareAndSet(State.RESUMING, State.PAUSED);
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
        state.getAndUpdate(now -> now == State.ENDED ? now : State.PAUSED);
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
        return state.getAndSet(State.ENDED);
    }

    boolean isEnded() {
        return state.get() == State.ENDED;
    }

    /** A new wrapper, for a raw channel; the one before is retired. */
    EpochConsumer wrap(EpochConsumer next) {
        wrapper = next;
        return next;
    }

    boolean isCurrent(EpochConsumer candidate) {
        return wrapper == candidate;
    }

    @Nullable
    EpochConsumer wrapper() {
        return wrapper;
    }

    /** Notes where a stream is read. */
    void read(AMQP.@Nullable BasicProperties properties) {
        if (properties != null && properties.getHeaders() != null) {
            Object offset = properties.getHeaders().get(STREAM_OFFSET);
            if (offset instanceof Long at) {
                streamOffset = at;
            }
        }
    }

    /** Whether a stream has delivered to it, so that it is known where to go on. */
    boolean hasRead() {
        return streamOffset >= 0;
    }

    /**
     * Whether it begins with what is added to a stream from then on.
     *
     * @param stream whether the queue is known to be a stream
     */
    static boolean isReadFromItsEnd(boolean stream, @Nullable Map<String, Object> arguments) {
        Object from = arguments == null ? null : arguments.get(STREAM_OFFSET);
        return from == null ? stream : "next".equals(from) || "last".equals(from);
    }

    /** What it is to begin with: of a stream, after what was delivered, since the same arguments would replay everything. */
    @Nullable
    Map<String, Object> argumentsToGoOn() {
        long offset = streamOffset;
        if (offset < 0) {
            return arguments;
        }
        Map<String, Object> onwards = new HashMap<>(arguments == null ? Map.of() : arguments);
        onwards.put(STREAM_OFFSET, offset + 1);
        return onwards;
    }

    @Nullable
    Map<String, Object> arguments() {
        return arguments;
    }
}
