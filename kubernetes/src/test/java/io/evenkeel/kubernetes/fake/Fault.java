package io.evenkeel.kubernetes.fake;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the server does instead of answering as it should. */
public sealed interface Fault {

    /** Answers with this. The body's type is JSON if it begins with a brace, else plain text. */
    record Answer(int code, Map<String, String> headers, String body) implements Fault {
        public Answer {
            headers = Map.copyOf(headers);
        }

        /** The same with one more header. */
        public Answer with(String header, String value) {
            Map<String, String> more = new LinkedHashMap<>(headers);
            more.put(header, value);
            return new Answer(code, more, body);
        }
    }

    /** Takes the request and never answers, until the server is healed or closed. */
    record Silence() implements Fault {}

    /** Takes the request, and answers as it should once the server is healed. */
    record Late() implements Fault {}

    /** Answers with 200 and ends properly, but in the middle of the JSON. */
    record Truncated() implements Fault {}

    /** Answers as it should: what is queued up behind it befalls a later request. */
    record None() implements Fault {}

    /** The server has a fault of its own. */
    static Answer internalError() {
        return new Answer(
                500,
                Map.of(),
                Statuses.failure(500, "InternalError", "Internal error occurred: etcdserver: no leader"));
    }

    /** Priority and fairness turn the request away; in plain text, as the real one does. */
    static Answer tooManyRequests(int retryAfterSeconds) {
        return new Answer(429, Map.of(), "Too many requests, please try again later.")
                .with("Retry-After", Integer.toString(retryAfterSeconds));
    }

    /** The resourceVersion is too old, said by the HTTP status. */
    static Answer gone() {
        return new Answer(410, Map.of(), Statuses.failure(410, "Expired", "too old resource version: 5 (438)"));
    }

    /** Any other status, with the body that the real one would send. */
    static Answer status(int code, String reason, String message) {
        return new Answer(code, Map.of(), Statuses.failure(code, reason, message));
    }

    static Fault none() {
        return new None();
    }

    static Fault silence() {
        return new Silence();
    }

    static Fault late() {
        return new Late();
    }

    static Fault truncated() {
        return new Truncated();
    }
}
