package io.evenkeel.amqp;

import java.io.IOException;

/** Code of the application that the client calls while it dials has failed: that says nothing about the broker. */
final class ApplicationFailure extends IOException {

    private static final long serialVersionUID = 1;

    ApplicationFailure(String what, Throwable cause) {
        super(what + " failed: " + cause, cause);
    }

    /** What the plain client would have thrown. */
    IOException asThrown() {
        return getCause() instanceof IOException io ? io : this;
    }
}
