package io.evenkeel.demo;

import java.time.Duration;

/**
 * What a cluster takes: a Pod keeps running for its grace period after it was marked, the kubelet notices a dead
 * container after a second, a readiness probe misses a short freeze.
 */
public final class ClusterPauses {
    public static final Duration GRACE = Duration.ofSeconds(6);
    public static final Duration TERMINATING_AFTER_READY = Duration.ofMillis(200);
    public static final Duration NOTICED_AFTER = Duration.ofSeconds(1);
    /** After it was noticed. */
    public static final Duration RESTART_AFTER = Duration.ofSeconds(2);

    public static final Duration FROZEN = Duration.ofSeconds(6);

    private ClusterPauses() {}
}
