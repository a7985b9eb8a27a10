package io.evenkeel.demo;

import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.endpoint.Condition;
import io.evenkeel.endpoint.Endpoint;

/** A server with what the control plane says about it. */
final class Pod {
    /** What happened to it; only some of it is known to the control plane. */
    enum State {
        READY("ready"),
        NOT_READY("not ready"),
        TERMINATING("terminating"),
        KILLED("killed"),
        FROZEN("frozen"),
        GONE("gone");

        private final String label;

        State(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    private final PostgresServer server;
    private volatile State state = State.READY;
    private volatile Condition condition = Condition.READY;

    Pod(PostgresServer server) {
        this.server = server;
    }

    String name() {
        return server.name();
    }

    PostgresServer server() {
        return server;
    }

    State state() {
        return state;
    }

    Condition condition() {
        return condition;
    }

    void happens(State newState) {
        state = newState;
    }

    void isReported(Condition newCondition) {
        condition = newCondition;
    }

    Endpoint endpoint() {
        return Endpoint.of(name(), server.host(), server.port()).withCondition(condition);
    }
}
