package io.evenkeel.demo;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One part of the Script, when it is over. Times are of {@link System#nanoTime}.
 *
 * @param pods those that were ready at its end
 * @param event the Pod that it was about and when it happened, or null if it was about none or several
 * @param moves by kind of client
 */
record Stage(
        Name name,
        long from,
        long to,
        List<String> pods,
        @Nullable Event event,
        Map<Kind, Moves> moves) {

    enum Name {
        STEADY("steady"),
        SCALE_OUT("scale-out 3 to 4"),
        ROLLING_UPDATE("rolling update of 4"),
        SCALE_IN("scale-in 4 to 3"),
        KILL("SIGKILL, restart"),
        FREEZE("SIGSTOP, resume");

        private final String label;

        Name(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    Stage {
        pods = List.copyOf(pods);
        moves = Map.copyOf(moves);
    }

    /**
     * What happened to one Pod.
     *
     * @param at when it had become ready, had been frozen, or its last process had ended
     * @param held the connections to it just before, by kind of client
     */
    record Event(String pod, long at, Map<Kind, Integer> held) {
        Event {
            held = Map.copyOf(held);
        }
    }

    /**
     * Connections that the servers let in during the stage.
     *
     * @param made all of them
     * @param least those that cannot be avoided if the stage is to begin and end as it did
     */
    record Moves(long made, long least) {
        @Override
        public String toString() {
            return made + " (" + least + ")";
        }
    }
}
