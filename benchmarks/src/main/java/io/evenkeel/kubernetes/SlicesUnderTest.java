package io.evenkeel.kubernetes;

import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** Lets a benchmark read slices as a watch does, from bytes. */
public final class SlicesUnderTest {

    private SlicesUnderTest() {}

    /** The slice in one line of a watch. */
    public static EndpointSlice read(byte[] line) {
        try (SliceReader reader =
                new SliceReader(new InputStreamReader(new ByteArrayInputStream(line), StandardCharsets.UTF_8))) {
            WatchEvent event = Objects.requireNonNull(reader.nextEvent(), "an event");
            return event.object().slice();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
