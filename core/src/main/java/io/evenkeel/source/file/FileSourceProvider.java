package io.evenkeel.source.file;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSourceProvider;
import io.evenkeel.source.SourceContext;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Set;

/**
 * {@code file:///etc/evenkeel/pg.json}: endpoints from a JSON file, read again every second:
 *
 * <pre>{@code
 * {"endpoints": [
 *   {"id": "pg-0", "host": "10.0.0.1", "port": 5432, "zone": "a", "node": "n1", "weight": 1.0, "condition": "READY"},
 *   {"host": "10.0.0.2", "port": 5432}
 * ]}
 * }</pre>
 *
 * Only {@code host} and {@code port} are required; {@code condition} is {@code READY}, {@code TERMINATING} or
 * {@code NOT_READY}. Unknown fields are ignored, for the future's sake; a field of the wrong type makes the file
 * invalid.
 *
 * <p>The file may be replaced by a rename or by the swap of a link above it (a mounted ConfigMap), or be written in
 * place. While it is invalid, or missing, what it last said is kept.
 */
public final class FileSourceProvider implements EndpointSourceProvider {

    private static final String EXAMPLE = "file:///etc/evenkeel/pg.json";

    @Override
    public Set<String> schemes() {
        return Set.of("file");
    }

    @Override
    public EndpointSource create(Target target, SourceContext context) {
        if (!target.authority().isEmpty()) {
            throw new IllegalArgumentException("target: \"" + target + "\" has \"" + target.authority()
                    + "\" between // and / (expected: an absolute path after three slashes, as in " + EXAMPLE + ")");
        }
        try {
            return new FileSource(Path.of("/" + target.path()), context);
        } catch (InvalidPathException invalid) {
            throw new IllegalArgumentException(
                    "target: \"" + target + "\" is no path: " + invalid.getMessage() + " (expected: as in " + EXAMPLE
                            + ")",
                    invalid);
        }
    }
}
