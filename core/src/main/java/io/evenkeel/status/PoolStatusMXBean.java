package io.evenkeel.status;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one pool looks like now, for JMX: the attributes of {@link PoolStatus}. Each attribute is read at its own moment.
 */
public interface PoolStatusMXBean {

    /** The pool's name. */
    String getPool();

    /** Where its endpoints come from. */
    String getTarget();

    /** How many connections it may have. */
    int getSeats();

    /** How far the source can be trusted: {@code UNKNOWN}, {@code HEALTHY} or {@code STALE}. */
    String getSource();

    /** How many seconds ago the source last answered, or null if it never did. */
    @Nullable
    Double getSourceAgeSeconds();

    /** Why the source is stale or unknown, or what its last change was. */
    String getSourceReason();

    /** Why the last plan was made. */
    String getPlanReason();

    /** Seats that are to move but have not yet. */
    int getMovesPending();

    /** Seats moved since the pool was made. */
    long getMoves();

    /** Whether it is closing or closed. */
    boolean isClosed();

    /** Its endpoints, in order of their keys. */
    List<EndpointAttributes> getEndpoints();
}
