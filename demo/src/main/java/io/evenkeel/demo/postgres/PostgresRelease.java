package io.evenkeel.demo.postgres;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the release of a server's programs changes in how they are run.
 *
 * @param major such as 18
 */
record PostgresRelease(int major) {
    private static final Pattern VERSION = Pattern.compile("PostgreSQL\\) (\\d+)");

    /** @param printed by {@code postgres --version}, such as {@code postgres (PostgreSQL) 15.18} */
    static PostgresRelease of(String printed) throws IOException {
        Matcher version = VERSION.matcher(printed);
        if (!version.find()) {
            throw new IOException("version: " + printed + " (expected: postgres (PostgreSQL) and a number)");
        }
        return new PostgresRelease(Integer.parseInt(version.group(1)));
    }

    /**
     * Further arguments of initdb. A password that lives as long as its directory needs no more than one iteration, and
     * thousands of logins are part of the work; up to 15 there are always 4,096.
     */
    List<String> initdb() {
        return major >= 16 ? List.of("--set=scram_iterations=1") : List.of();
    }

    /** Parameters of a server that not every release has, or not with these values. */
    Map<String, String> parameters() {
        return major >= 18
                ? Map.of("io_method", "sync", "log_connections", "authorization")
                : Map.of("log_connections", "on");
    }
}
