package io.evenkeel.demo.page;

import java.util.Objects;

/** What becomes of an {@link Action}. */
sealed interface Answer {

    /** It has begun, or will when what is under way has ended. */
    record Accepted() implements Answer {}

    /** It can't be done now; the reason is a sentence for the viewer. */
    record Refused(String reason) implements Answer {
        public Refused {
            Objects.requireNonNull(reason, "reason");
        }
    }
}
