package io.evenkeel.source.file;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file once a second and compares what it says, not when it was written: that sees every way in which a file can be
 * replaced, on every file system, and a replacement by the same content is none. The fields belong to the scheduler.
 */
final class FileSource implements EndpointSource {

    private static final Duration POLL = Duration.ofSeconds(1);
    // A thousand times what a thousand endpoints need.
    private static final int MOST_BYTES = 64 << 20;

    private final Path path;
    private final SourceContext context;
    private final SourceLifecycle life = new SourceLifecycle();

    // Invariant: both are what the last valid reading gave, or null while the file is missing or invalid.
    private byte @Nullable [] lastContent;
    private @Nullable Endpoints lastEndpoints;
    private @Nullable String lastComplaint;

    FileSource(Path path, SourceContext context) {
        this.path = path;
        this.context = context;
    }

    @Override
    public void start(Observer observer) {
        life.start(observer);
        context.scheduler().execute(this::poll);
    }

    @Override
    public void close() {
        life.close();
    }

    private void poll() {
        if (life.isClosed()) {
            return;
        }
        byte @Nullable [] known = lastContent;
        try {
            context.blocking().execute(() -> {
                Reading reading = read(known);
                context.scheduler().execute(() -> heard(reading));
            });
        } catch (RejectedExecutionException full) {
            heard(Reading.of(new Failed("file " + path + ": not read, the executor for blocking work refused", full)));
        }
    }

    private void heard(Reading reading) {
        Report report = reading.report();
        if (report == null) {
            // Unchanged: said again nevertheless, so that the age of what is known is the time since the last look.
            Endpoints same = lastEndpoints;
            if (same != null) {
                life.report(same);
            }
        } else if (report instanceof Endpoints endpoints) {
            lastContent = reading.content();
            lastEndpoints = endpoints;
            lastComplaint = null;
            life.report(endpoints);
        } else {
            lastContent = null;
            lastEndpoints = null;
            complain(report);
        }
        if (!life.isClosed()) {
            context.scheduler().schedule(POLL, this::poll);
        }
    }

    private void complain(Report report) {
        String complaint = report.toString();
        if (report instanceof Missing missing) {
            complaint = missing.reason();
        } else if (report instanceof Failed failed) {
            complaint = failed.reason();
        }
        if (!complaint.equals(lastComplaint)) {
            lastComplaint = complaint;
            life.report(report);
        }
    }

    /** What one look at the file gave; no report means that its content is the known one. Never compared as a whole. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Reading(@Nullable Report report, byte @Nullable [] content) {
        static Reading of(Report report) {
            return new Reading(report, null);
        }
    }

    private Reading read(byte @Nullable [] known) {
        byte[] content;
        try (InputStream in = Files.newInputStream(path)) {
            content = in.readNBytes(MOST_BYTES + 1);
        } catch (NoSuchFileException missing) {
            return Reading.of(
                    new Missing("file " + path + ": does not exist (expected: a JSON file with \"endpoints\")"));
        } catch (IOException | SecurityException unreadable) {
            return Reading.of(new Failed("file " + path + ": cannot be read: " + unreadable, unreadable));
        }
        if (known != null && Arrays.equals(known, content)) {
            return new Reading(null, content);
        }
        try {
            List<Endpoint> endpoints = parse(content);
            return new Reading(new Endpoints(endpoints), content);
        } catch (IllegalArgumentException | CharacterCodingException invalid) {
            return Reading.of(new Failed("file " + path + ": " + invalid.getMessage(), invalid));
        }
    }

    private static List<Endpoint> parse(byte[] content) throws CharacterCodingException {
        if (content.length > MOST_BYTES) {
            throw new IllegalArgumentException("size: over " + MOST_BYTES + " bytes (expected: at most that)");
        }
        return EndpointFile.parse(StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(content))
                .toString());
    }
}
