package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.postgres.PostgresPods;
import io.evenkeel.demo.postgres.PostgresServer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** What must be gone when a data source is closed. */
final class Leaks {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Leaks() {}

    /** No thread of ours, and no session of the application at any server that runs. */
    static void assertNone(PostgresPods pods, String applicationName) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(threads()).as("threads that are left").isEmpty();
            assertThat(sessions(pods, applicationName))
                    .as("sessions that are left")
                    .isZero();
        });
    }

    /** No thread of ours. */
    static void awaitNoThreads() {
        await().atMost(PATIENCE)
                .untilAsserted(
                        () -> assertThat(threads()).as("threads that are left").isEmpty());
    }

    /** The application's sessions at all servers that run and answer. */
    static int sessions(PostgresPods pods, String applicationName) throws SQLException {
        int sessions = 0;
        for (PostgresServer server : pods.servers()) {
            if (server.isRunning() && !server.isFrozen()) {
                sessions += server.connections(applicationName);
            }
        }
        return sessions;
    }

    /** The library's threads that live. */
    static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.startsWith("evenkeel-") && !name.startsWith("evenkeel-demo-"))
                .sorted()
                .toList();
    }
}
