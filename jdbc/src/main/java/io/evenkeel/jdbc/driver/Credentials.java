package io.evenkeel.jdbc.driver;

import org.jspecify.annotations.Nullable;

/**
 * A user name and a password. HikariCP's own class of this name came with HikariCP 6 only.
 *
 * @param username null to connect without one
 * @param password null to connect without one
 */
public record Credentials(
        @Nullable String username, @Nullable String password) {

    public static Credentials of(@Nullable String username, @Nullable String password) {
        return new Credentials(username, password);
    }

    /** The password is not shown. */
    @Override
    public String toString() {
        return "Credentials[" + username + "]";
    }
}
