package io.evenkeel.demo.grpc;

import io.evenkeel.demo.Act;
import io.evenkeel.demo.ActUnavailableException;
import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.demo.process.DirectoryTree;
import io.evenkeel.demo.process.ProcessGuard;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The gRPC part of the demonstration: Evenkeel's policy beside {@code round_robin} and {@code pick_first}, over real
 * servers. It is played in a JVM of its own, whose names are all looked up in a file: gRPC's own resolver asks the JVM.
 */
public final class GrpcAct implements Act {
    private static final int KEPT = 0;
    private static final int MISSED = 1;
    private static final String SECOND_ADDRESS = "127.0.10.1";

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        if (!LoopbackAddresses.canBind(SECOND_ADDRESS, 0)) {
            throw new ActUnavailableException(SECOND_ADDRESS
                    + ": can't be bound (expected: all of 127.0.0.0/8, as on Linux; a name has Pods of one port)");
        }
        try {
            Path directory = Files.createTempDirectory("evenkeel-grpc-");
            try {
                return playIn(directory, out);
            } finally {
                DirectoryTree.delete(directory);
            }
        } catch (IOException e) {
            throw new ActUnavailableException(String.valueOf(e.getMessage()), e);
        }
    }

    private static boolean playIn(Path directory, PrintStream out)
            throws ActUnavailableException, IOException, InterruptedException {
        Path hosts = directory.resolve("hosts");
        Process show = ProcessGuard.ofThisJvm()
                .start(new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString(),
                                "-Djdk.net.hosts.file=" + hosts,
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                directory.toString(),
                                hosts.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT));
        try (BufferedReader lines = show.inputReader()) {
            lines.lines().forEach(out::println);
            return switch (show.waitFor()) {
                case KEPT -> true;
                case MISSED -> false;
                default -> throw new ActUnavailableException("its JVM ended with " + show.exitValue());
            };
        } finally {
            show.destroy();
        }
    }

    /** What the JVM of its own runs. */
    static final class Child {
        private static final int NOT_RUN = 2;
        /**
         * It reports each connection that a killed server took with it; the table counts them. Held, else it is made
         * anew.
         */
        private static final Logger GRPC = Logger.getLogger("io.grpc");

        private Child() {}

        public static void main(String[] arguments) {
            GRPC.setLevel(Level.OFF);
            try (GrpcShow show = GrpcShow.begin(Path.of(arguments[0]), Path.of(arguments[1]), System.out)) {
                System.exit(show.play() ? KEPT : MISSED);
            } catch (IOException | InterruptedException | RuntimeException fault) {
                fault.printStackTrace();
                System.exit(NOT_RUN);
            }
        }
    }
}
