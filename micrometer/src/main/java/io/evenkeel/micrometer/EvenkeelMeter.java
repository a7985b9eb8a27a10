package io.evenkeel.micrometer;

import io.micrometer.core.instrument.Meter;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Every meter that {@link EvenkeelMetrics} registers. Each has the tag {@code pool}, the pool's name, and the tags
 * listed here; those that are about one Pod also have the tag {@code pod} if {@link EvenkeelMetrics.Builder#podTag} is
 * set.
 */
public enum EvenkeelMeter {
    /** Connections by state; their sum is what the servers see. */
    CONNECTIONS(
            "evenkeel.connections",
            Meter.Type.GAUGE,
            "connections",
            true,
            "Connections by state: idle, in_use, draining (in use, closed on return) or connecting",
            "state"),
    /** How often the source was asked. */
    SOURCE_REQUESTS(
            "evenkeel.source.requests",
            Meter.Type.COUNTER,
            "requests",
            false,
            "Requests that the source of the Pods has made: lookups, readings, lists and watches"),
    /** Ends of ejections. */
    READMISSIONS(
            "evenkeel.readmissions",
            Meter.Type.COUNTER,
            "pods",
            true,
            "Ejected Pods that get work again after evidence that they answer"),
    /** The pool's size. */
    CONNECTIONS_MAX(
            "evenkeel.connections.max",
            Meter.Type.GAUGE,
            "connections",
            false,
            "The connections that the pool may have, over all Pods together"),
    /** Callers in the queue. */
    WAITING(
            "evenkeel.waiting",
            Meter.Type.GAUGE,
            "callers",
            false,
            "Callers that wait for a connection at this moment"),
    /** Streams that were left where they are. */
    STREAMS_STICKING(
            "evenkeel.streams.sticking",
            Meter.Type.GAUGE,
            "streams",
            false,
            "Streams that go on where no new ones go: at a Pod or on a connection that is being left; gRPC only"),
    /** Time in the queue, of callers that had to wait. */
    WAIT(
            "evenkeel.wait",
            Meter.Type.TIMER,
            "seconds",
            false,
            "How long callers waited for a connection that had to wait; outcome is acquired or timed_out",
            "outcome"),
    /** Callers that went away without a connection. */
    TIMEOUTS("evenkeel.timeouts", Meter.Type.COUNTER, "callers", false, "Callers that got no connection in time"),
    /** Every acquire. */
    ACQUIRE(
            "evenkeel.acquire",
            Meter.Type.TIMER,
            "seconds",
            false,
            "How long acquiring a connection took, every time; JDBC only"),
    /** From acquire to release. */
    USAGE(
            "evenkeel.usage",
            Meter.Type.TIMER,
            "seconds",
            false,
            "How long the application held a connection; JDBC only"),
    /** Opening connections. */
    CONNECT(
            "evenkeel.connect",
            Meter.Type.TIMER,
            "seconds",
            true,
            "How long establishing a connection took, handshakes and set-up included"),
    /** Failures of connections. */
    FAILURES(
            "evenkeel.failures",
            Meter.Type.COUNTER,
            "connections",
            true,
            "Connections that could not be established or that broke"),
    /** Connections that went from one Pod to another. */
    MOVES(
            "evenkeel.moves",
            Meter.Type.COUNTER,
            "connections",
            true,
            "Connections that moved to another Pod; with the tag pod, the one they moved to"),
    /** What the plan still wants. */
    MOVES_PENDING(
            "evenkeel.moves.pending",
            Meter.Type.GAUGE,
            "connections",
            false,
            "Connections that are to move to another Pod and have not yet"),
    /** Moves of AMQP connections that were undone. */
    MOVES_ROLLED_BACK(
            "evenkeel.moves.rolled.back",
            Meter.Type.COUNTER,
            "connections",
            false,
            "Moves that had begun and were undone, with everything where it was; AMQP only"),
    /** Pods that left and are empty. */
    DRAINS(
            "evenkeel.drains",
            Meter.Type.TIMER,
            "seconds",
            true,
            "How long it took until a leaving Pod had no connection any more; deadline is met or missed",
            "deadline"),
    /** Outlier ejections. */
    EJECTIONS("evenkeel.ejections", Meter.Type.COUNTER, "pods", true, "Pods that were ejected because they failed"),
    /** The Pods of the pool. */
    PODS("evenkeel.pods", Meter.Type.GAUGE, "pods", false, "Pods by state: serving, ejected or leaving", "state"),
    /** How even it is. */
    BALANCE(
            "evenkeel.balance",
            Meter.Type.GAUGE,
            null,
            false,
            "Connections of the Pod that has most, divided by the mean over the Pods that take "
                    + "part; 1 is even, NaN without any"),
    /** When the source of the Pods last answered. */
    SOURCE_AGE(
            "evenkeel.source.age",
            Meter.Type.GAUGE,
            "seconds",
            false,
            "How long ago the source of the Pods last answered; NaN before its first answer"),
    /** Whether what is known of the Pods can be trusted. */
    SOURCE_STALE(
            "evenkeel.source.stale",
            Meter.Type.GAUGE,
            null,
            false,
            "1 while the source of the Pods does not answer, so that the last known Pods are kept; else 0"),
    /** Interrupted publishing during moves. */
    PUBLISHER_PAUSE(
            "evenkeel.amqp.publisher.pause",
            Meter.Type.TIMER,
            "seconds",
            false,
            "How long one channel's publishers could not publish during a move; AMQP only"),
    /** Interrupted consuming during moves. */
    CONSUMER_GAP(
            "evenkeel.amqp.consumer.gap",
            Meter.Type.TIMER,
            "seconds",
            false,
            "How long one channel's consumers could not receive during a move; AMQP only"),
    /** Recovery of lost connections. */
    RECOVERY(
            "evenkeel.amqp.recovery",
            Meter.Type.TIMER,
            "seconds",
            true,
            "How long a connection that was lost was away before it was open again; AMQP only");

    private final String meterName;
    private final Meter.Type type;
    private final @Nullable String unit;
    private final boolean perPod;
    private final String meaning;
    private final List<String> tags;

    EvenkeelMeter(
            String meterName, Meter.Type type, @Nullable String unit, boolean perPod, String meaning, String... tags) {
        this.meterName = Objects.requireNonNull(meterName, "meterName");
        this.type = type;
        this.unit = unit;
        this.perPod = perPod;
        this.meaning = meaning;
        this.tags = List.of(tags);
    }

    /** The meter's name in Micrometer, which each registry turns into its own style. */
    public String meterName() {
        return meterName;
    }

    /** Gauge, counter or timer. */
    public Meter.Type type() {
        return type;
    }

    /** What is counted or measured, or null for a ratio. */
    public @Nullable String unit() {
        return unit;
    }

    /** The base unit, which some registries append to the name: seconds, or null for counts and ratios. */
    public @Nullable String baseUnit() {
        return "seconds".equals(unit) ? unit : null;
    }

    /** Whether it has the tag {@code pod} where that is asked for. */
    public boolean isPerPod() {
        return perPod;
    }

    /** What it measures. */
    public String meaning() {
        return meaning;
    }

    /** The tags' names besides {@code pool} and {@code pod}. */
    public List<String> tags() {
        return tags;
    }
}
