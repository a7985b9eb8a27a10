package io.evenkeel.pick;

/**
 * What is known of requests at one moment, each of them counted with the weight that its age leaves it.
 *
 * @param logs sum of the binary logarithms of the answers' times in nanoseconds
 * @param answers answers whose time is known
 * @param failures requests that failed
 * @param outcomes requests that were answered or failed
 * @param streak how many of the last outcomes in a row were failures; not of several connections together
 * @param silence for how many nanoseconds nothing has been answered although something is awaited; 0 if nothing is
 * @param quiet for how many nanoseconds no request has been answered or failed; not of several connections together
 */
record Evidence(double logs, double answers, double failures, double outcomes, int streak, long silence, long quiet) {

    static final Evidence NONE = new Evidence(0, 0, 0, 0, 0, 0, Long.MAX_VALUE);

    Evidence plus(Evidence other) {
        return new Evidence(
                logs + other.logs,
                answers + other.answers,
                failures + other.failures,
                outcomes + other.outcomes,
                0,
                Math.max(silence, other.silence),
                Long.MAX_VALUE);
    }

    /** This without a part of it. */
    Evidence minus(Evidence part) {
        return new Evidence(
                logs - part.logs,
                Math.max(0, answers - part.answers),
                Math.max(0, failures - part.failures),
                Math.max(0, outcomes - part.outcomes),
                0,
                0,
                Long.MAX_VALUE);
    }
}
