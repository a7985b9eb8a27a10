package io.evenkeel.kubernetes;

import io.evenkeel.kubernetes.ApiObject.SliceList;
import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** What a real API server (1.35.3) sent, byte for byte. */
final class Recordings {

    private Recordings() {}

    static Reader open(String file) throws IOException {
        InputStream bytes = Objects.requireNonNull(
                Recordings.class.getResourceAsStream("/recordings/" + file), () -> "no recording " + file);
        return new InputStreamReader(file.endsWith(".gz") ? new GZIPInputStream(bytes) : bytes, StandardCharsets.UTF_8);
    }

    static SliceList list(String file) {
        try (SliceReader reader = new SliceReader(open(file))) {
            return reader.list();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    static List<WatchEvent> events(String file) {
        List<WatchEvent> events = new ArrayList<>();
        try (SliceReader reader = new SliceReader(open(file))) {
            for (WatchEvent event = reader.nextEvent(); event != null; event = reader.nextEvent()) {
                events.add(event);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        return events;
    }
}
