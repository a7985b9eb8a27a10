package io.evenkeel.event;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.Secrets;
import java.time.Duration;

/** Something that happened to one pool. Records, so that a listener can switch over them. */
public sealed interface EvenkeelEvent {

    /** The name of the pool it happened to. */
    String pool();

    /** An endpoint that new work may go to was added. */
    record EndpointJoined(String pool, Endpoint endpoint) implements EvenkeelEvent {}

    /** An endpoint is gone and holds no connection of this pool any more. */
    record EndpointLeft(String pool, EndpointKey endpoint) implements EvenkeelEvent {}

    /** An endpoint is left out of new work for a while because it failed. */
    record EndpointEjected(String pool, EndpointKey endpoint, Duration howLong, String reason)
            implements EvenkeelEvent {}

    /** An ejected endpoint passed its probe and gets work again. */
    record EndpointReturned(String pool, EndpointKey endpoint) implements EvenkeelEvent {}

    /** A connection was established and validated. */
    record ConnectionOpened(String pool, EndpointKey endpoint, Duration took) implements EvenkeelEvent {}

    /** A connection could not be established. */
    record ConnectionFailed(String pool, EndpointKey endpoint, Throwable cause) implements EvenkeelEvent {

        /** Without what the exception's message repeats of credentials. */
        @Override
        public String toString() {
            return "ConnectionFailed[pool=" + pool + ", endpoint=" + endpoint + ", cause="
                    + Secrets.mask(describe(cause)) + "]";
        }

        /** The exception is a driver's: one that cannot describe itself still has a type. */
        private static String describe(Throwable cause) {
            try {
                return String.valueOf(cause);
            } catch (RuntimeException unreadable) {
                return cause.getClass().getName();
            }
        }
    }

    /** A seat moved: the new connection is open and the old one is closed. */
    record ConnectionMoved(String pool, EndpointKey from, EndpointKey to) implements EvenkeelEvent {}

    /** A connection could not be moved as a whole now, and why; it stays where it is and is tried again. */
    record MovePostponed(String pool, EndpointKey from, EndpointKey to, String reason) implements EvenkeelEvent {}

    /** A connection was retired: its endpoint leaves, has too many, or the pool shrinks. */
    record ConnectionRetired(String pool, EndpointKey endpoint, String reason) implements EvenkeelEvent {}

    /** A connection reached its maximum age and is replaced. */
    record ConnectionExpired(String pool, EndpointKey endpoint) implements EvenkeelEvent {}

    /** An endpoint leaves: its connections are retired, those in use when they are returned. */
    record DrainStarted(String pool, EndpointKey endpoint, int connections, Duration deadline)
            implements EvenkeelEvent {}

    /** A leaving endpoint has no connection of this pool any more. */
    record DrainEnded(String pool, EndpointKey endpoint, Duration took) implements EvenkeelEvent {}

    /** The drain deadline passed and some connections are still in use; they stay until they are returned. */
    record DrainOverran(String pool, EndpointKey endpoint, int stillInUse) implements EvenkeelEvent {}

    /** The source stopped answering; what was known is kept. */
    record SourceStale(String pool, String reason) implements EvenkeelEvent {}

    /** The source answers again. */
    record SourceRecovered(String pool) implements EvenkeelEvent {}

    /** The pool's connections are to be spread differently. */
    record PlanChanged(String pool, String reason, int moves) implements EvenkeelEvent {}
}
