package io.evenkeel.demo.page;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What a viewer may do. */
enum Action {
    ADD(false),
    DRAIN(true),
    KILL(true),
    FREEZE(true),
    ROLLING_UPDATE(false);

    private final boolean onePod;

    Action(boolean onePod) {
        this.onePod = onePod;
    }

    /** Whether it is done to a Pod that the viewer names. */
    boolean onePod() {
        return onePod;
    }

    /** As the page writes it: {@code rolling-update}. */
    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Optional<Action> of(String word) {
        return Stream.of(values()).filter(action -> action.word().equals(word)).findFirst();
    }
}
