package io.evenkeel.watch;

/** How far what is known of a target's endpoints can be trusted. */
public enum SourceHealth {
    /** Nothing was ever heard: there is no endpoint yet. */
    UNKNOWN,
    /** The source answers: what is known is current, up to the settle window. */
    HEALTHY,
    /**
     * The source fails, or says that there is nothing: what is known is the last that was good, and nothing is removed.
     */
    STALE
}
