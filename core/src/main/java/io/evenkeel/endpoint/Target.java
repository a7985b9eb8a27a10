package io.evenkeel.endpoint;

import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Names where the endpoints are, in gRPC's name syntax: {@code scheme:///what}, such as {@code k8s:///pg.default:5432},
 * {@code dns:///pg-headless.default.svc:5432}, {@code static:///10.0.0.1:5432,10.0.0.2:5432} or
 * {@code file:///etc/evenkeel/pg.json}. At most 65,536 characters, none of them a control character.
 *
 * @param scheme in lower case, without the colon
 * @param authority what stands between {@code //} and the next {@code /}; usually empty
 * @param path what follows, without its leading slash, not empty
 */
public record Target(String scheme, String authority, String path) {

    private static final int LONGEST = 65_536;
    private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]{0,30}");
    private static final String EXPECTED = "expected: scheme:///what, such as static:///10.0.0.1:5432,10.0.0.2:5432)";

    public Target {
        Objects.requireNonNull(scheme, "scheme");
        Objects.requireNonNull(authority, "authority");
        Objects.requireNonNull(path, "path");
        String whole = scheme + "://" + authority + "/" + path;
        if (!SCHEME.matcher(scheme).matches()
                || path.isBlank()
                || whole.codePoints().anyMatch(HostSyntax::isControl)) {
            throw new InvalidTargetException("target: " + HostSyntax.shown(Secrets.mask(whole)) + " (" + EXPECTED);
        }
        if (whole.length() > LONGEST) {
            throw new InvalidTargetException("target: " + HostSyntax.shown(Secrets.mask(whole)) + " (expected: at most "
                    + LONGEST + " characters; for more endpoints, a file: target)");
        }
    }

    /**
     * Parses a target string.
     *
     * @throws InvalidTargetException if it is not of the form; the message shows what was given and an example
     */
    public static Target parse(String text) {
        Objects.requireNonNull(text, "text");
        int scheme = text.indexOf("://");
        int path = scheme < 0 ? -1 : text.indexOf('/', scheme + 3);
        if (scheme <= 0 || path < 0 || path + 1 == text.length()) {
            throw new InvalidTargetException("target: " + HostSyntax.shown(Secrets.mask(text)) + " (" + EXPECTED);
        }
        return new Target(
                text.substring(0, scheme).toLowerCase(Locale.ROOT),
                text.substring(scheme + 3, path),
                text.substring(path + 1));
    }

    @Override
    public String toString() {
        return scheme + "://" + authority + "/" + path;
    }
}
