package io.evenkeel.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownListener;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.spi.Guard;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Whether a virtual channel or connection is shut down, why, and the listeners to notify. Thread-safe. */
final class ShutdownSignals {

    /** The protocol's number of the class of methods that consume, acknowledge and publish. */
    private static final int BASIC = 60;

    /** RabbitMQ's words; any other number of so many digits is none of ours. */
    private static final Pattern UNKNOWN_TAG =
            Pattern.compile("unknown delivery tag (" + DeliveryTags.UNKNOWN + "|\\d{1,18})\\b");

    private final List<ShutdownListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicReference<@Nullable ShutdownSignalException> cause = new AtomicReference<>();

    /** What a raw connection or channel says, said by the virtual one. */
    static ShutdownSignalException translated(ShutdownSignalException signal, Object reference) {
        return translated(signal, signal.getReason(), reference);
    }

    /**
     * The same, with the application's delivery tag where the broker names one of a raw channel that it doesn't know.
     */
    static ShutdownSignalException translated(
            ShutdownSignalException signal, Object reference, LongUnaryOperator tags) {
        if (signal.getReason() instanceof AMQP.Channel.Close close
                && close.getReplyCode() == AMQP.PRECONDITION_FAILED) {
            Matcher named = UNKNOWN_TAG.matcher(close.getReplyText());
            if (named.find()) {
                long shown = tags.applyAsLong(Long.parseLong(named.group(1)));
                String text = close.getReplyText();
                Method told = new AMQP.Channel.Close.Builder()
                        .replyCode(close.getReplyCode())
                        .replyText(text.substring(0, named.start(1)) + shown + text.substring(named.end(1)))
                        .classId(close.getClassId())
                        .methodId(close.getMethodId())
                        .build();
                return translated(signal, told, reference);
            }
        }
        return translated(signal, reference);
    }

    private static ShutdownSignalException translated(ShutdownSignalException signal, Method reason, Object reference) {
        ShutdownSignalException translated =
                new ShutdownSignalException(signal.isHardError(), signal.isInitiatedByApplication(), reason, reference);
        if (signal.getCause() != null) {
            translated.initCause(signal.getCause());
        }
        translated.setStackTrace(signal.getStackTrace());
        return translated;
    }

    /** Whether a broker closed a channel for one of these methods of {@code basic}. */
    static boolean refuses(ShutdownSignalException signal, int... methods) {
        return signal.getReason() instanceof AMQP.Channel.Close close
                && close.getClassId() == BASIC
                && IntStream.of(methods).anyMatch(method -> method == close.getMethodId());
    }

    /** Whether a request failed since a broker knows no such queue. */
    static boolean notFound(Throwable failure) {
        return closes(failure, AMQP.NOT_FOUND, "");
    }

    /** Whether a consumer was refused since its queue, which is no stream, takes no place to begin at. */
    static boolean takesNoOffset(Throwable failure) {
        return closes(failure, AMQP.PRECONDITION_FAILED, StreamPosition.OFFSET);
    }

    private static boolean closes(Throwable failure, int code, String text) {
        Throwable signal = failure instanceof ShutdownSignalException ? failure : failure.getCause();
        return signal instanceof ShutdownSignalException known
                && known.getReason() instanceof AMQP.Channel.Close close
                && close.getReplyCode() == code
                && close.getReplyText().contains(text);
    }

    /** What the application gets that closes a connection that has no raw one at the moment. */
    static ShutdownSignalException byApplication(int code, String text, Object reference) {
        Method reason = new AMQP.Connection.Close.Builder()
                .replyCode(code)
                .replyText(text)
                .build();
        return new ShutdownSignalException(true, true, reason, reference);
    }

    /** What the application gets that closes a channel whose raw one says nothing of it. */
    static ShutdownSignalException ofChannelByApplication(int code, String text, Object reference) {
        Method reason =
                new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).build();
        return new ShutdownSignalException(false, true, reason, reference);
    }

    /** As a plain one does, a listener that comes too late is called at once. */
    void add(ShutdownListener listener, Guard guard) {
        listeners.add(listener);
        ShutdownSignalException known = cause.get();
        if (known != null) {
            tell(listener, known, guard);
        }
    }

    private static void tell(ShutdownListener listener, ShutdownSignalException signal, Guard guard) {
        guard.run("ShutdownListener.shutdownCompleted", null, () -> listener.shutdownCompleted(signal));
    }

    void remove(ShutdownListener listener) {
        listeners.remove(listener);
    }

    @Nullable
    ShutdownSignalException cause() {
        return cause.get();
    }

    boolean isOpen() {
        return cause.get() == null;
    }

    /** @return whether it was open */
    boolean shut(ShutdownSignalException signal) {
        return cause.compareAndSet(null, signal);
    }

    /** It is recovered. */
    void reopen() {
        cause.set(null);
    }

    void tell(Guard guard) {
        ShutdownSignalException known = cause.get();
        if (known == null) {
            return;
        }
        for (ShutdownListener listener : listeners) {
            tell(listener, known, guard);
        }
    }
}
