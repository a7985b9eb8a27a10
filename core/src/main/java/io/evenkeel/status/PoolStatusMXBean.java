package io.evenkeel.status;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One pool at this moment, for JMX: the attributes of {@link PoolStatus}. Each attribute is read at its own moment.
 */
@Described("A pool of connections over the Pods behind a Service")
public interface PoolStatusMXBean {

    /** The pool's name. */
    @Described("The pool's name.")
    String getPool();

    /** Where its endpoints come from. */
    @Described("Where its endpoints come from.")
    String getTarget();

    /** How many seconds ago the pool was made. */
    @Described("How many seconds ago the pool was made.")
    double getAgeSeconds();

    /** How many connections it may have. */
    @Described("How many connections it may have.")
    int getSeats();

    /** Established connections, in use or idle. */
    @Described("Established connections, in use or idle.")
    int getOpen();

    /** Connections in use. */
    @Described("Connections in use.")
    int getInUse();

    /** Connections that are open and not in use. */
    @Described("Connections that are open and not in use.")
    int getIdle();

    /** Connections being established. */
    @Described("Connections being established.")
    int getConnecting();

    /** Callers that wait for a connection. */
    @Described("Callers that wait for a connection.")
    int getWaiting();

    /**
     * How often a caller got a connection since the pool was made; where a connection carries many
     * requests, requests sent.
     */
    @Described("How often a caller got a connection since the pool was made; where a connection "
            + "carries many requests, requests sent.")
    long getAcquired();

    /** How often a caller waited in vain since the pool was made. */
    @Described("How often a caller waited in vain since the pool was made.")
    long getTimedOut();

    /** Streams that go on where no new ones go: at a Pod or on a connection that is being left. */
    @Described("Streams that go on where no new ones go: at a Pod or on a connection that is being left.")
    int getStickingStreams();

    /** How far the source can be trusted: UNKNOWN, HEALTHY or STALE. */
    @Described("How far the source can be trusted: UNKNOWN, HEALTHY or STALE.")
    String getSource();

    /** The target that the source was made for. */
    @Described("The target that the source was made for.")
    String getSourceTarget();

    /** How many seconds ago the source last answered, or null if it never did. */
    @Described("How many seconds ago the source last answered, or null if it never did.")
    @Nullable
    Double getSourceAgeSeconds();

    /** How many seconds old an answer may be while the source is HEALTHY; null where answers hold for ever. */
    @Described("How many seconds old an answer may be while the source is HEALTHY; null where answers hold for ever.")
    @Nullable
    Double getSourceFreshForSeconds();

    /** Why the source is stale or unknown, or what its last change was. */
    @Described("Why the source is stale or unknown, or what its last change was.")
    String getSourceReason();

    /** The last reason why the source gave no answer, also after it recovered; null if it never failed. */
    @Described("The last reason why the source gave no answer, also after it recovered; null if it never failed.")
    @Nullable
    String getSourceLastFailure();

    /** How many requests to the outside the source has made. */
    @Described("How many requests to the outside the source has made.")
    long getSourceRequests();

    /** The last ten changes of the set of endpoints, oldest first, and how long ago each was. */
    @Described("The last ten changes of the set of endpoints, oldest first, and how long ago each was.")
    List<String> getSetChanges();

    /** Why the last plan was made. */
    @Described("Why the last plan was made.")
    String getPlanReason();

    /** Seats that are to move but have not yet. */
    @Described("Seats that are to move but have not yet.")
    int getMovesPending();

    /** Seats moved since the pool was made. */
    @Described("Seats moved since the pool was made.")
    long getMoves();

    /** Whether it is closing or closed. */
    @Described("Whether it is closing or closed.")
    boolean isClosed();

    /** The settings that all adapters have, as they are in force, by name. */
    @Described("The settings that all adapters have, as they are in force, by name.")
    Map<String, String> getSettings();

    /** Its endpoints, in order of their keys. */
    @Described("Its endpoints, in order of their keys.")
    List<EndpointAttributes> getEndpoints();
}
