package io.evenkeel.source.file;

import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.Polling;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a file once a second and compares what it says, not when it was written: that sees every way in which a file
 * can be replaced, on every file system, and a replacement by the same content is none. The fields belong to the
 * scheduler.
 */
final class FileSource implements EndpointSource {

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Path path;
    private final SourceLifecycle life = new SourceLifecycle();
    private final Polling<Reading> polling;

    // Invariant: both are what the last valid reading gave, or null while the file is missing or invalid. The
    // content is read by the next reading too, which is scheduled after it was written.
    private volatile byte @Nullable [] lastContent;
    private @Nullable Endpoints lastEndpoints;
    private @Nullable String lastComplaint;

    FileSource(Path path, SourceContext context) {
        this.path = path;
        this.polling = new Polling<>(context, life, PATIENCE, this::read, new OnScheduler());
    }

    @Override
    public void start(Observer observer) {
        life.start(observer);
        polling.begin();
    }

    @Override
    public Duration freshFor() {
        return POLL.plus(PATIENCE).multipliedBy(2);
    }

    @Override
    public long requests() {
        return polling.readings();
    }

    @Override
    public void close() {
        life.close();
    }

    private final class OnScheduler implements Polling.Handler<Reading> {

        @Override
        public Duration handle(Reading reading) {
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
                complain(report);
            }
            return POLL;
        }

        @Override
        public Duration failed(Throwable why) {
            complain(new Failed("file " + path + ": cannot be read: " + why, why));
            return POLL;
        }

        @Override
        public void overdue(Duration patience) {
            complain(new Failed(
                    "file " + path + ": not read within " + patience + " (expected: a file system that answers)",
                    null));
        }
    }

    private void complain(Report report) {
        lastContent = null;
        lastEndpoints = null;
        String complaint = report instanceof Missing missing ? missing.reason() : ((Failed) report).reason();
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

    private Reading read() {
        byte[] known = lastContent;
        try {
            byte[] content = EndpointFile.read(path);
            if (known != null && Arrays.equals(known, content)) {
                return new Reading(null, content);
            }
            return new Reading(new Endpoints(EndpointFile.parse(content)), content);
        } catch (NoSuchFileException missing) {
            return Reading.of(
                    new Missing("file " + path + ": does not exist (expected: a JSON file with \"endpoints\")"));
        } catch (IllegalArgumentException | CharacterCodingException invalid) {
            return Reading.of(new Failed("file " + path + ": " + invalid.getMessage(), invalid));
        } catch (IOException | SecurityException unreadable) {
            return Reading.of(new Failed("file " + path + ": cannot be read: " + unreadable, unreadable));
        }
    }
}
