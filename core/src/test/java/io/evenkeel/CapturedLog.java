package io.evenkeel;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What is logged while this is open, as slf4j-simple prints it: tests that use it say how it is configured, INFO and above
 * by default. Takes the standard error stream, so no two may be open at once.
 */
public final class CapturedLog implements AutoCloseable {

    private final PrintStream before = System.err;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    public CapturedLog() {
        System.setErr(stream);
    }

    /** The lines so far that contain this text. */
    public List<String> linesWith(String text) {
        return bytes.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains(text))
                .toList();
    }

    @Override
    public void close() {
        System.setErr(before);
    }
}
