package io.evenkeel.demo.rsocket;

import java.time.Duration;
import java.util.Objects;

/**
 * What a server does with requests from now on; it may be changed while requests are being served.
 *
 * @param serviceTime the time a request takes, before {@code slowdown}
 * @param slowdown what the service time is multiplied by
 * @param concurrency how many requests are served at once; the others wait in the order of their arrival
 * @param answer how requests end
 * @param refusesSetup whether new connections are refused by an error in answer to their SETUP frame
 */
public record Behaviour(
        ServiceTime serviceTime, double slowdown, int concurrency, Answer answer, boolean refusesSetup) {

    /** How requests end. */
    public enum Answer {
        /** With the request's own data. */
        ECHO,
        /** With an application error (0x201), 1 ms after their arrival and past the queue. */
        FAIL_FAST,
        /** Refused unprocessed (0x202), at once. */
        REJECT,
        /** Never: the server holds them until they are cancelled or it stops. */
        NEVER
    }

    public Behaviour {
        Objects.requireNonNull(serviceTime, "serviceTime");
        Objects.requireNonNull(answer, "answer");
        if (!(slowdown > 0)) {
            throw new IllegalArgumentException("slowdown: " + slowdown + " (expected: > 0)");
        }
        if (concurrency < 1) {
            throw new IllegalArgumentException("concurrency: " + concurrency + " (expected: >= 1)");
        }
    }

    /** Answers at once, any number of requests at a time. */
    public static Behaviour immediate() {
        return new Behaviour(ServiceTime.NONE, 1, Integer.MAX_VALUE, Answer.ECHO, false);
    }

    /** Takes the same time for every request, any number of them at a time. */
    public static Behaviour taking(Duration serviceTime) {
        return immediate().withServiceTime(ServiceTime.constant(serviceTime));
    }

    public Behaviour withServiceTime(ServiceTime newServiceTime) {
        return new Behaviour(newServiceTime, slowdown, concurrency, answer, refusesSetup);
    }

    public Behaviour slower(double factor) {
        return new Behaviour(serviceTime, slowdown * factor, concurrency, answer, refusesSetup);
    }

    public Behaviour withConcurrency(int newConcurrency) {
        return new Behaviour(serviceTime, slowdown, newConcurrency, answer, refusesSetup);
    }

    public Behaviour withAnswer(Answer newAnswer) {
        return new Behaviour(serviceTime, slowdown, concurrency, newAnswer, refusesSetup);
    }

    public Behaviour refusingSetup(boolean refuses) {
        return new Behaviour(serviceTime, slowdown, concurrency, answer, refuses);
    }
}
