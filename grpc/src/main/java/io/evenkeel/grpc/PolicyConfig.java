package io.evenkeel.grpc;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.time.Durations;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The policy's part of a service config; a value that is absent is as {@link EvenkeelGrpc} or the default says.
 *
 * <pre>{@code
 * {"loadBalancingConfig": [{"evenkeel": {"connectionsPerPod": 1, "maxConnections": 32, "drainDeadline": "25s"}}]}
 * }</pre>
 *
 * @param connectionsPerPod connections to each Pod; 1 or more, 1 by default
 * @param maxConnections connections of the channel in all; at least {@code connectionsPerPod}, 32 by default. Where
 *     there are more Pods, each client uses some of them, and always the same
 * @param maxCallsPerConnection calls in flight on one connection, from which on others are picked and, if all are full,
 *     the call waits; 1 or more, unbounded by default. For servers with a low MAX_CONCURRENT_STREAMS, which a client
 *     can't see
 * @param connectTimeout after how long a connection that is not ready counts as failed; more than 0, 5 s by default.
 *     gRPC itself would wait for a server that accepts and never answers for as long as the channel lives
 * @param name the pool's name, or null
 * @param clientId what distinguishes this client, or null
 * @param zone its topology zone, or null
 * @param moveWindow over how long moves are spread, or null
 * @param drainDeadline how long calls on a leaving Pod keep its connection, or null
 * @param slowStart over how long a new Pod grows to its full share, or null
 * @param maxConnectionAge after how long a connection is replaced, or null
 */
record PolicyConfig(
        int connectionsPerPod,
        int maxConnections,
        int maxCallsPerConnection,
        Duration connectTimeout,
        @Nullable String name,
        @Nullable String clientId,
        @Nullable String zone,
        @Nullable Duration moveWindow,
        @Nullable Duration drainDeadline,
        @Nullable Duration slowStart,
        @Nullable Duration maxConnectionAge) {

    private static final int DEFAULT_MAX_CONNECTIONS = 32;
    private static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(5);
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(?:\\.(\\d{1,9}))?s");

    private static final Set<String> KNOWN = new TreeSet<>(Set.of(
            "connectionsPerPod",
            "maxConnections",
            "maxCallsPerConnection",
            "connectTimeout",
            "name",
            "clientId",
            "zone",
            "moveWindow",
            "drainDeadline",
            "slowStart",
            "maxConnectionAge"));

    static final PolicyConfig DEFAULTS = parse(Map.of());

    PolicyConfig {
        atLeast("connectionsPerPod", connectionsPerPod, 1);
        atLeast("maxConnections", maxConnections, connectionsPerPod);
        atLeast("maxCallsPerConnection", maxCallsPerConnection, 1);
        Durations.moreThanZero("connectTimeout", connectTimeout);
    }

    private static void atLeast(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + least + " or more)");
        }
    }

    /**
     * Reads the JSON object.
     *
     * @throws IllegalArgumentException if a value is out of its bounds, of another type, or of an unknown name
     */
    static PolicyConfig parse(Map<String, ?> json) {
        for (String name : json.keySet()) {
            if (!KNOWN.contains(name)) {
                throw new IllegalArgumentException(
                        "evenkeel policy: \"" + name + "\" (expected: one of " + KNOWN + ")");
            }
        }
        int each = number(json, "connectionsPerPod", 1);
        Duration connectTimeout = duration(json, "connectTimeout");
        return new PolicyConfig(
                each,
                number(json, "maxConnections", Math.max(DEFAULT_MAX_CONNECTIONS, each)),
                number(json, "maxCallsPerConnection", Integer.MAX_VALUE),
                connectTimeout == null ? DEFAULT_CONNECT_TIMEOUT : connectTimeout,
                text(json, "name"),
                text(json, "clientId"),
                text(json, "zone"),
                duration(json, "moveWindow"),
                duration(json, "drainDeadline"),
                duration(json, "slowStart"),
                duration(json, "maxConnectionAge"));
    }

    private static int number(Map<String, ?> json, String name, int otherwise) {
        Object value = json.get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Number number && number.doubleValue() == number.intValue()) {
            return number.intValue();
        }
        throw new IllegalArgumentException(name + ": " + value + " (expected: a whole number)");
    }

    private static @Nullable String text(Map<String, ?> json, String name) {
        Object value = json.get(name);
        if (value == null) {
            return null;
        }
        if (value instanceof String text && !text.isBlank()) {
            return text;
        }
        throw new IllegalArgumentException(name + ": " + value + " (expected: a text that is not blank)");
    }

    private static @Nullable Duration duration(Map<String, ?> json, String name) {
        Object value = json.get(name);
        if (value == null) {
            return null;
        }
        Matcher matcher = DURATION.matcher(String.valueOf(value));
        if (!matcher.matches()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: seconds, as in \"25s\" or \"0.5s\")");
        }
        String fraction = matcher.group(2) == null ? "" : matcher.group(2);
        long nanos = Long.parseLong((fraction + "000000000").substring(0, 9));
        return Duration.ofSeconds(Long.parseLong(matcher.group(1)), nanos);
    }

    /** Changes what the service config names. */
    void applyTo(PoolSettings settings) {
        if (name != null) {
            settings.name(name);
        }
        if (clientId != null) {
            settings.clientId(clientId);
        }
        if (zone != null) {
            settings.zone(zone);
        }
        if (moveWindow != null) {
            settings.moveWindow(moveWindow);
        }
        if (drainDeadline != null) {
            settings.drainDeadline(drainDeadline);
        }
        if (slowStart != null) {
            settings.slowStart(slowStart);
        }
        if (maxConnectionAge != null) {
            settings.maxConnectionAge(maxConnectionAge);
        }
    }
}
