package io.evenkeel.amqp;

/**
 * What is done with the deliveries of one start that goes on in a stream: it began with the message that was read last,
 * which must come first. What comes in its place tells that messages were passed over (see {@link StreamPosition}), or
 * that the stream's retention has removed them.
 *
 * <p>Invariant: what is handed over follows, without a repetition, what was handed over before, also where a handler of
 * the start before it was still on its way. Of the thread that its raw channel delivers on, but for
 * {@link #isAwaited}.
 */
final class StreamResumption {

    enum Verdict {
        /** The application's. */
        NEW,
        /** The same, where messages before it are gone for good. */
        NEW_BEHIND_GAP,
        /** The application has it, or will have it from the start that replaces this one. */
        DROPPED,
        /** Dropped, too: messages before it are missing, so the stream is to be read again from where it was. */
        BEYOND
    }

    private enum State {
        AWAITED,
        JOINED,
        GIVEN_UP
    }

    private final StreamPosition position;
    private final long after;
    private final boolean lenient;
    private volatile State state = State.AWAITED;

    StreamResumption(StreamPosition position) {
        this.position = position;
        after = position.last();
        lenient = position.isGone();
    }

    /** The number of the message that it begins with. */
    long after() {
        return after;
    }

    /** Whether nothing was delivered yet. */
    boolean isAwaited() {
        return state == State.AWAITED;
    }

    Verdict of(long offset) {
        boolean gap = false;
        if (state == State.AWAITED) {
            gap = offset > after + 1;
            if (gap && !lenient) {
                state = State.GIVEN_UP;
                position.skipped();
                return Verdict.BEYOND;
            }
            state = State.JOINED;
            position.joined();
        }
        if (state == State.GIVEN_UP || offset <= position.last()) {
            return Verdict.DROPPED;
        }
        return gap ? Verdict.NEW_BEHIND_GAP : Verdict.NEW;
    }
}
