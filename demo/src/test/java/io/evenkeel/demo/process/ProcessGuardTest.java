package io.evenkeel.demo.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProcessGuardTest {
    private static final String SLEEP = "600";

    @Test
    void a_server_does_not_outlive_the_jvm_that_started_it_and_was_killed() throws Exception {
        Process jvm = start("run");
        try (BufferedReader reader = jvm.inputReader()) {
            ProcessHandle server = ProcessHandle.of(Long.parseLong(reader.readLine()))
                    .orElseThrow(() -> new AssertionError("server: ended (expected: running)"));
            ProcessHandle forgotten = ProcessHandle.of(Long.parseLong(reader.readLine()))
                    .orElseThrow(() -> new AssertionError("process: ended (expected: running)"));
            try {
                jvm.destroyForcibly();
                server.onExit().get(1, TimeUnit.MINUTES);
                assertThat(forgotten.isAlive()).as("one that was taken back").isTrue();
            } finally {
                server.destroyForcibly();
                forgotten.destroyForcibly();
            }
        } finally {
            jvm.destroyForcibly();
        }
    }

    private static Process start(String argument) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        assumeThat(java).as("a JVM to start").isExecutable();
        return new ProcessBuilder(
                        java.toString(), "-cp", System.getProperty("java.class.path"), Killed.class.getName(), argument)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** The JVM that is killed: prints the ids of a process that is guarded and of one that is no more. */
    static final class Killed {
        private Killed() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            ProcessGuard guard = ProcessGuard.ofThisJvm();
            Process server = guard.start(new ProcessBuilder("sleep", SLEEP));
            Process forgotten = guard.start(new ProcessBuilder("sleep", SLEEP));
            guard.remove(List.of(forgotten.toHandle()));
            System.out.println(server.pid());
            System.out.println(forgotten.pid());
            server.waitFor();
        }
    }
}
