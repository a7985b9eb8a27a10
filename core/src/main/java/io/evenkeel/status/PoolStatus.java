package io.evenkeel.status;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/**
 * One pool at one moment. Immutable.
 *
 * @param pool its name
 * @param target where its endpoints come from
 * @param age how long ago the pool was made
 * @param seats how many connections it may have
 * @param waiting callers that wait for a connection now: of JDBC in {@code getConnection}, of AMQP in
 *     {@code newConnection}, of RSocket requests that are not sent yet; 0 of gRPC, whose channels queue calls
 *     themselves
 * @param acquired how often a caller got a connection since the pool was made; of RSocket and gRPC, whose connections
 *     carry any number of requests, how many requests were sent
 * @param timedOut how often a caller waited in vain since the pool was made; a refusal is none. 0 of gRPC
 * @param stickingStreams streams that go on where no new ones go: at a Pod that leaves or has left, or on a connection
 *     that is being replaced
 * @param endpoints in order of their keys
 * @param source where the endpoints come from
 * @param planReason why the last plan was made
 * @param movesPending seats that are to move but have not yet
 * @param moves seats moved since the pool was made
 * @param closed whether it is closing or closed
 * @param settings the settings that all adapters have, as they are in force, by name
 */
public record PoolStatus(
        String pool,
        String target,
        Duration age,
        int seats,
        int waiting,
        long acquired,
        long timedOut,
        int stickingStreams,
        List<EndpointStatus> endpoints,
        SourceStatus source,
        String planReason,
        int movesPending,
        long moves,
        boolean closed,
        Map<String, String> settings) {

    public PoolStatus {
        Objects.requireNonNull(pool, "pool");
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(age, "age");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(planReason, "planReason");
        endpoints = List.copyOf(endpoints);
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** The same with these settings. */
    public PoolStatus withSettings(Map<String, String> inForce) {
        return new PoolStatus(
                pool,
                target,
                age,
                seats,
                waiting,
                acquired,
                timedOut,
                stickingStreams,
                endpoints,
                source,
                planReason,
                movesPending,
                moves,
                closed,
                inForce);
    }

    /** Established connections at all endpoints, in use or idle. */
    public int open() {
        return sum(EndpointStatus::open);
    }

    /**
     * Connections in use at all endpoints: of JDBC handed out, of AMQP all that are open, of RSocket and gRPC with
     * anything in flight.
     */
    public int inUse() {
        return sum(EndpointStatus::inUse);
    }

    /** Connections without work at all endpoints; 0 of AMQP, whose connections are the application's. */
    public int idle() {
        return sum(EndpointStatus::idle);
    }

    /** Connections being established at all endpoints; of AMQP also those being recovered. */
    public int connecting() {
        return sum(EndpointStatus::connecting);
    }

    private int sum(ToIntFunction<EndpointStatus> count) {
        return endpoints.stream().mapToInt(count).sum();
    }
}
