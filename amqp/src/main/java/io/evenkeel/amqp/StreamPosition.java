package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Where a consumer is in a stream, whose messages the broker numbers, so that it can go on elsewhere.
 *
 * <p>A broker begins at the number that a consumer asks for. If its replica doesn't have that message yet, RabbitMQ
 * begins behind the replica's newest one instead, looked up a second time; what the replica got in between is in
 * neither answer, and is never delivered to this consumer (osiris, {@code init_offset_reader0}: out of range, as
 * {@code next}). So a consumer goes on with the message that it read <em>last</em>, not with the one behind: when
 * that comes again, nothing was passed over, and it is dropped. See {@link StreamResumption}.
 *
 * <p>Thread-safe.
 */
final class StreamPosition {

    static final String OFFSET = "x-stream-offset";

    /** So many starts in a row may have passed messages over, before what lies between is taken for gone. */
    private static final int MOST_SKIPS = 3;

    /** Also of other queues: a message that was read of a stream and published again keeps its header. */
    private volatile boolean stream;

    /** The number of the last message delivered; -1 if none was. */
    private volatile long last = -1;

    private final AtomicInteger skips = new AtomicInteger();
    private final AtomicInteger waits = new AtomicInteger();

    /** @param stream false if the queue is known to be none */
    StreamPosition(boolean stream) {
        this.stream = stream;
    }

    /** The number that a delivery of a stream carries, or -1. */
    long of(AMQP.@Nullable BasicProperties properties) {
        if (!stream || properties == null || properties.getHeaders() == null) {
            return -1;
        }
        return properties.getHeaders().get(OFFSET) instanceof Long offset ? offset : -1;
    }

    /** This was delivered. */
    void read(long offset) {
        if (offset >= 0) {
            last = offset;
        }
    }

    /** A broker said that the queue is none. */
    void isNone() {
        stream = false;
        last = -1;
    }

    long last() {
        return last;
    }

    /** Whether it is known where to go on. */
    boolean isKnown() {
        return last >= 0;
    }

    /** A start that goes on passed over what lies between. */
    void skipped() {
        skips.incrementAndGet();
    }

    /** A start that goes on delivered nothing for a while. */
    void waited() {
        waits.incrementAndGet();
    }

    /** A start that goes on did so where it was to. */
    void joined() {
        skips.set(0);
        waits.set(0);
    }

    /** Whether it was tried so often in a row that what lies between must be gone. */
    boolean isGone() {
        return skips.get() >= MOST_SKIPS;
    }

    /** How many starts in a row delivered nothing for a while. */
    int waits() {
        return waits.get();
    }

    /** The same arguments would replay everything. */
    static Map<String, Object> from(long offset, @Nullable Map<String, Object> arguments) {
        Map<String, Object> onwards = new HashMap<>(arguments == null ? Map.of() : arguments);
        onwards.put(OFFSET, offset);
        return onwards;
    }

    /**
     * Whether a consumer begins with what is added to a stream from then on.
     *
     * @param stream whether the queue is known to be a stream
     */
    static boolean isReadFromItsEnd(boolean stream, @Nullable Map<String, Object> arguments) {
        Object from = arguments == null ? null : arguments.get(OFFSET);
        return from == null ? stream : "next".equals(from) || "last".equals(from);
    }
}
