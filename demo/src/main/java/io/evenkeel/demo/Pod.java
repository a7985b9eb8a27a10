package io.evenkeel.demo;

import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;

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
    private volatile EndpointCondition condition = EndpointCondition.READY;

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

    EndpointCondition condition() {
        return condition;
    }

    void happens(State newState) {
        state = newState;
    }

    void isReported(EndpointCondition newCondition) {
        condition = newCondition;
    }

    Endpoint endpoint() {
        return Endpoint.of(name(), server.host(), server.port()).withCondition(condition);
    }
}
