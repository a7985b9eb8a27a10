package io.evenkeel.source;

import io.evenkeel.endpoint.Target;
import java.util.Set;

/**
 * Makes sources for targets of some schemes. Found through {@link java.util.ServiceLoader}, so that a module on the
 * class path is enough to understand another scheme. Implementations have a public constructor without parameters and
 * are stateless.
 */
public interface EndpointSourceProvider {

    /** The schemes that this provider understands, in lower case, without a colon. */
    Set<String> schemes();

    /**
     * Makes a source that is not started yet. Reads no network and no file.
     *
     * @throws IllegalArgumentException if the target's text after the scheme is not what this scheme expects; the
     *     message names the part and gives an example
     */
    EndpointSource create(Target target, SourceContext context);
}
