package io.evenkeel.demo.page;

import java.util.Objects;

/** A Pod as the page shows it. */
public record PodView(String name, State state) {

    /** What happened to it; only some of it is known to the control plane. */
    public enum State {
        READY,
        NOT_READY,
        TERMINATING,
        KILLED,
        FROZEN
    }

    public PodView {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(state, "state");
    }
}
