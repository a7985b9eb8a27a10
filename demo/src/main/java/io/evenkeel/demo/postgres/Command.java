package io.evenkeel.demo.postgres;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A short command of the operating system, run to its end. */
final class Command {
    private static final int TIMEOUT_SECONDS = 60;

    private Command() {}

    /** @return what it printed, trimmed; throws if it fails or takes longer than a minute */
    static String run(List<String> command) throws IOException {
        return run(command, "");
    }

    static String run(List<String> command, String input) throws IOException {
        Result result = attempt(command, input);
        if (result.status() != 0) {
            throw new IOException("status: " + result.status() + " (expected: 0) of " + String.join(" ", command)
                    + System.lineSeparator() + result.output());
        }
        return result.output();
    }

    static boolean succeeds(List<String> command) {
        try {
            return attempt(command, "").status() == 0;
        } catch (IOException absent) {
            return false;
        }
    }

    private static Result attempt(List<String> command, String input) throws IOException {
        // a file rather than a pipe: a child that outlives the command must not keep us reading
        Path output = Files.createTempFile("evenkeel-command-", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(Path.of("/").toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try (var stdin = process.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.UTF_8));
            }
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("took longer than " + TIMEOUT_SECONDS + " s: " + String.join(" ", command));
            }
            return new Result(process.exitValue(), Files.readString(output).trim());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while running " + String.join(" ", command), e);
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private record Result(int status, String output) {}
}
