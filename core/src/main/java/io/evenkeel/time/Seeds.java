package io.evenkeel.time;

import java.security.SecureRandom;

/** Where chance enters: everything else draws from a generator that was seeded from here, or by a test. */
public final class Seeds {

    private Seeds() {}

    /** A seed that can't be foreseen and that differs from process to process. Thread-safe. */
    public static long fresh() {
        return new SecureRandom().nextLong();
    }
}
