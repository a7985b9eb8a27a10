package io.evenkeel.demo.contest;

/** A client, as the load sees it. Thread-safe. */
@FunctionalInterface
public interface Sender {

    /** What becomes of a request. Only the first counts. */
    interface Outcome {
        void answered(String pod);

        void failed(Throwable cause);
    }

    /** Begins a request. Returns what cancels it. */
    Runnable send(Outcome outcome);
}
