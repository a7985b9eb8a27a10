package io.evenkeel.endpoint;

/** What an endpoint may be used for. */
public enum EndpointCondition {
    /** Serves, and is not leaving: new work may go there. */
    READY,
    /** Still serves but is about to leave: no new work, what it has is drained now. */
    TERMINATING,
    /** Does not serve: no new work; it is known only so that its return can be told from a newcomer. */
    NOT_READY
}
