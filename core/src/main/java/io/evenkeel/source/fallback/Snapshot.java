package io.evenkeel.source.fallback;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.source.EndpointSource.Endpoints;
import io.evenkeel.source.EndpointSource.Failed;
import io.evenkeel.source.EndpointSource.Missing;
import io.evenkeel.source.EndpointSource.Report;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import io.evenkeel.source.file.EndpointFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that remembers the endpoints over a restart. Written by exchanging it as a whole, so that a reader of it while
 * another process writes reads one or the other. The fields belong to the scheduler.
 */
final class Snapshot {

    private static final Logger LOG = LoggerFactory.getLogger(Snapshot.class);

    /** How much of a rolling update one write takes in. */
    private static final Duration WRITE_AFTER = Duration.ofSeconds(10);

    private final Path file;
    private final SourceContext context;
    private final SourceLifecycle life;

    private List<Endpoint> latest = List.of();
    private List<Endpoint> written = List.of();
    private boolean writing;
    private boolean complained;

    Snapshot(Path file, SourceContext context, SourceLifecycle life) {
        this.file = file;
        this.context = context;
        this.life = life;
    }

    /** Remembers those that are ready; an empty set is nothing to start with, and leaves the file as it is. */
    void save(List<Endpoint> endpoints) {
        List<Endpoint> ready = new ArrayList<>();
        for (Endpoint endpoint : endpoints) {
            if (endpoint.isReady()) {
                ready.add(endpoint);
            }
        }
        if (ready.isEmpty()) {
            return;
        }
        latest = List.copyOf(ready);
        if (!writing && !latest.equals(written)) {
            writing = true;
            context.scheduler().schedule(WRITE_AFTER, this::write);
        }
    }

    private void write() {
        if (life.isClosed()) {
            return;
        }
        List<Endpoint> content = latest;
        try {
            context.blocking().execute(() -> {
                IOException failure = exchange(content);
                context.scheduler().execute(() -> wrote(content, failure));
            });
        } catch (RuntimeException | Error full) {
            wrote(content, new IOException("the executor for blocking work refused", full));
        }
    }

    private void wrote(List<Endpoint> content, @Nullable IOException failure) {
        writing = false;
        if (failure == null) {
            written = content;
            complained = false;
        } else if (!complained) {
            complained = true;
            LOG.warn("{} cannot be written (expected: a directory that exists and may be written to)", this, failure);
        }
        if (!latest.equals(content)) {
            save(latest);
        }
    }

    private @Nullable IOException exchange(List<Endpoint> content) {
        Path temporary = null;
        try {
            Path directory = Objects.requireNonNull(file.getParent(), "the directory of an absolute path");
            temporary = Files.createTempFile(directory, "." + file.getFileName(), ".tmp");
            Files.writeString(temporary, EndpointFile.format(content), StandardCharsets.UTF_8);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return null;
        } catch (IOException failure) {
            return discard(temporary, failure);
        } catch (RuntimeException | Error failure) {
            return discard(temporary, new IOException(failure));
        }
    }

    private static IOException discard(@Nullable Path temporary, IOException failure) {
        try {
            if (temporary != null) {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException left) {
            failure.addSuppressed(left);
        }
        return failure;
    }

    /** Reads it where that may block and hands over the result on the scheduler. */
    void read(Consumer<Report> then) {
        try {
            context.blocking().execute(() -> {
                Report report = read();
                context.scheduler().execute(() -> then.accept(report));
            });
        } catch (RuntimeException | Error full) {
            then.accept(new Failed(this + ": not read, the executor for blocking work refused", full));
        }
    }

    private Report read() {
        try {
            List<Endpoint> endpoints = EndpointFile.parse(EndpointFile.read(file));
            LOG.info("{}: {} endpoints as of {}", this, endpoints.size(), Files.getLastModifiedTime(file));
            return new Endpoints(endpoints);
        } catch (NoSuchFileException missing) {
            return new Missing(this + ": does not exist yet");
        } catch (IOException | RuntimeException | Error unreadable) {
            return new Failed(this + ": cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    @Override
    public String toString() {
        return "snapshot " + file;
    }
}
