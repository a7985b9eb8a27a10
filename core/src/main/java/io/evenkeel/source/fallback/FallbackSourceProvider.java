package io.evenkeel.source.fallback;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSourceProvider;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.file.FileSourceProvider;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Several targets, of which the first is meant and the others help an application to start while the first can't be
 * asked:
 *
 * <pre>{@code
 * fallback:///k8s:///pg.default:5432|dns:///pg-headless.default.svc:5432|snapshot:///var/cache/app/pg.json
 * }</pre>
 *
 * <p>A target's turn comes when the one before it fails, finds nothing, or has said nothing for 5 s; another time
 * stands where the authority would, as in {@code fallback://2s/…} ({@code ms}, {@code s} or {@code m}). An answer of
 * one earlier in the list is believed as soon as it answers. Once the first has answered, the others are closed for
 * good: from then on, what it last said is kept when it fails.
 *
 * <p>{@code snapshot:} as the last one is a file in which the endpoints that were last ready are kept, so that an
 * application can start again while no source answers. It is written within 10 s of a change, by exchanging the file,
 * and is in the format of {@link FileSourceProvider}. Its directory must exist. What comes from it is believed, but
 * known to be stale.
 *
 * <p>DNS knows no names of Pods, or other ones. An endpoint that was used under one identity keeps it when a source
 * that calls it otherwise takes over, so that nothing is reconnected.
 */
public final class FallbackSourceProvider implements EndpointSourceProvider {

    static final String SNAPSHOT = "snapshot";

    private static final String EXAMPLE =
            "fallback:///k8s:///pg.default:5432|dns:///pg-headless.default.svc:5432|snapshot:///var/cache/app/pg.json";
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,6})(ms|s|m)");

    @Override
    public Set<String> schemes() {
        return Set.of("fallback");
    }

    @Override
    public EndpointSource create(Target target, SourceContext context) {
        Duration patience = patience(target);
        List<FallbackSource.Part> parts = new ArrayList<>();
        Path snapshot = null;
        for (String text : target.path().split("\\|", -1)) {
            if (snapshot != null) {
                throw refused(target, "snapshot: not the last one", "nothing after it");
            }
            Target part = parse(text, target);
            if (part.scheme().equals(SNAPSHOT)) {
                snapshot = file(part, target);
            } else {
                parts.add(new FallbackSource.Part(part.toString(), EndpointSources.create(part, context)));
            }
        }
        if (parts.isEmpty() || parts.size() + (snapshot == null ? 0 : 1) < 2) {
            throw refused(target, "targets: " + parts.size(), "at least two, the first of them not a snapshot");
        }
        return new FallbackSource(parts, snapshot, patience, context);
    }

    private static Target parse(String text, Target whole) {
        try {
            return Target.parse(text.strip());
        } catch (IllegalArgumentException invalid) {
            throw new IllegalArgumentException(
                    invalid.getMessage() + " in " + whole + " (expected: targets with | between them, as in " + EXAMPLE
                            + ")",
                    invalid);
        }
    }

    private static Path file(Target part, Target whole) {
        if (!part.authority().isEmpty()) {
            throw refused(whole, "snapshot: \"" + part + "\"", "an absolute path after three slashes");
        }
        try {
            return Path.of("/" + part.path());
        } catch (InvalidPathException invalid) {
            throw refused(whole, "snapshot: " + invalid.getMessage(), "a path");
        }
    }

    private static Duration patience(Target target) {
        if (target.authority().isEmpty()) {
            return PATIENCE;
        }
        Matcher matcher = DURATION.matcher(target.authority());
        @Nullable Duration patience = null;
        if (matcher.matches()) {
            long amount = Long.parseLong(matcher.group(1));
            patience = switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                default -> Duration.ofMinutes(amount);
            };
        }
        if (patience == null || patience.isZero()) {
            throw refused(target, "time: \"" + target.authority() + "\"", "a time above 0 such as 500ms, 5s or 1m");
        }
        return patience;
    }

    private static IllegalArgumentException refused(Target target, String what, String expected) {
        return new IllegalArgumentException(
                what + " in " + target + " (expected: " + expected + ", as in " + EXAMPLE + ")");
    }
}
