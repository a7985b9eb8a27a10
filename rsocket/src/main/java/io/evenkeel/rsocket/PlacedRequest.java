package io.evenkeel.rsocket;

import org.jspecify.annotations.Nullable;

/**
 * Where a request is, and what is reported of it there: it is counted in before it starts, and out once, with what it
 * says about the Pod.
 *
 * <p>Not thread-safe by itself: {@link Request}'s changes of state hand it from thread to thread.
 */
abstract class PlacedRequest {

    /** Of a request that had no choice of Pods: its time says nothing that would be used. */
    static final long UNTIMED = Long.MIN_VALUE;

    /** What a request's end says about the Pod. */
    enum Outcome {
        /** Its first answer came now. */
        ANSWERED,
        /** It ended without saying anything about the server's speed. */
        ENDED,
        FAILED,
        /** The application didn't wait for the answer, or for the rest of it. */
        ABANDONED
    }

    final Router router;
    final Interaction interaction;

    private @Nullable PodConnection connection;
    private long startedAt;
    /** Written by the upstream's signals only, which come one at a time. */
    private boolean answered;

    PlacedRequest(Router router, Interaction interaction) {
        this.router = router;
        this.interaction = interaction;
    }

    /** The stream that wants to know of its connection's drain, or null. */
    abstract PodConnection.@Nullable Follower follower();

    /** A connection that has counted it in, or null if there is none now. */
    final @Nullable PodConnection find() {
        long now = router.isTimed() ? router.now() : UNTIMED;
        PodConnection found = router.enter(interaction, now);
        if (found != null) {
            connection = found;
            startedAt = now;
        }
        return found;
    }

    final @Nullable PodConnection connection() {
        return connection;
    }

    /** Gives back a connection that was found too late. */
    final void leave(PodConnection found) {
        found.exit(interaction);
    }

    final void began(PodConnection at) {
        router.began();
        if (interaction.isStream()) {
            at.streamBegan();
            PodConnection.Follower follower = follower();
            if (follower != null) {
                at.follow(follower);
            }
        }
    }

    /** An element came. Returns whether it was the first. */
    final boolean isFirst() {
        boolean first = !answered;
        answered = true;
        return first;
    }

    final boolean isAnswered() {
        return answered;
    }

    /** The first element of a stream came. */
    final void firstElement() {
        PodConnection at = connection;
        if (at != null) {
            answeredAt(at);
        }
    }

    private void answeredAt(PodConnection at) {
        if (startedAt == UNTIMED) {
            at.answered();
        } else {
            long now = router.now();
            at.answered(now - startedAt, now);
        }
    }

    /** It is over, and counted out. */
    final void ended(Outcome outcome) {
        PodConnection at = connection;
        if (at == null) {
            return;
        }
        if (outcome == Outcome.ANSWERED) {
            answeredAt(at);
        } else if (outcome == Outcome.FAILED) {
            at.statistics().failed(router.now());
        } else if (outcome == Outcome.ABANDONED && !answered && interaction.isTimed() && startedAt != UNTIMED) {
            long now = router.now();
            at.statistics().abandoned(now - startedAt, now, at.inFlight(false) <= 1);
        } else if (outcome == Outcome.ENDED && interaction.isSingle()) {
            // An error that any Pod would have given is an answer, too.
            at.statistics().alive();
        }
        if (interaction.isStream()) {
            at.streamEnded();
            PodConnection.Follower follower = follower();
            if (follower != null) {
                at.unfollow(follower);
            }
        }
        at.exit(interaction);
    }
}
