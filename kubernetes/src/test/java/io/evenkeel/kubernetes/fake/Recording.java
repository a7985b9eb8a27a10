package io.evenkeel.kubernetes.fake;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** What a real API server sent: the files in {@code recordings}, whose README says what each one is. */
public final class Recording {

    private Recording() {}

    /** A file's text, as it is; one whose name ends in {@code .gz} is unpacked. */
    public static String text(String file) {
        try (InputStream in = Recording.class.getResourceAsStream("/recordings/" + file)) {
            if (in == null) {
                throw new IllegalArgumentException("recording: " + file + " (expected: one that there is)");
            }
            byte[] bytes = file.endsWith(".gz") ? new GZIPInputStream(in).readAllBytes() : in.readAllBytes();
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The lines of a watch. */
    public static List<String> lines(String file) {
        return text(file).lines().toList();
    }
}
