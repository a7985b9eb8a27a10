package io.evenkeel.jdbc.driver;

import io.evenkeel.endpoint.Endpoint;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A JDBC URL that names one host, taken apart as far as needed to know where it leads.
 *
 * @param text the whole URL
 * @param family whose URL it is
 * @param host the host without brackets; {@code localhost} where the URL names none
 * @param port the port, or the family's default
 * @param options the names of its options, in lower case
 */
record JdbcUrl(String text, DriverFamily family, String host, int port, Set<String> options) {

    /** What to do instead of everything that is refused. */
    static final String INSTEAD =
            "use EvenkeelDataSource.builder().target(...).connections(endpoint -> a DataSource for that endpoint)";

    private static final Pattern SCHEME = Pattern.compile("(?:\\w+:)?\\w+:(?://)?");
    private static final Pattern OPTIONS = Pattern.compile("[?;]");
    private static final Pattern HOST_PORT =
            Pattern.compile("(\\[[0-9A-Fa-f:.%\\w]+]|[^\\[\\]:()=\\s]*)(?::(\\d{1,5}))?");

    JdbcUrl {
        options = Set.copyOf(options);
    }

    /**
     * @throws IllegalArgumentException if the URL names several hosts or none that can be replaced, or is of an unknown
     *     driver; the message says what to use instead, and never shows the URL's options
     */
    static JdbcUrl parse(String url, @Nullable DriverFamily driver) {
        String shown = shown(url);
        if (url.startsWith("jdbc:aws-wrapper:")) {
            throw refused(shown, "the wrapped driver's own URL, since the AWS wrapper chooses hosts itself");
        }
        DriverFamily family = driver == null ? DriverFamily.ofUrl(url) : driver;
        if (family == null) {
            throw refused(shown, "jdbc:postgresql:, jdbc:mysql: or jdbc:mariadb:, which can be led to an endpoint");
        }
        Set<String> options = optionsOf(url);
        String authority = authority(url, shown);
        if (authority.contains(",")) {
            throw several(shown);
        }
        String hostPort = authority.substring(authority.lastIndexOf('@') + 1);
        Matcher parts = HOST_PORT.matcher(URLDecoder.decode(hostPort, StandardCharsets.UTF_8));
        if (!parts.matches()) {
            throw refused(shown, "a host of the form host, host:port or [IPv6]:port");
        }
        int port = parts.group(2) == null ? family.defaultPort() : Integer.parseInt(parts.group(2));
        return new JdbcUrl(url, family, bare(parts.group(1)), port, options);
    }

    /** Between {@code //} and the next {@code /} or {@code ?}; empty where the URL has no {@code //}. */
    private static String authority(String url, String shown) {
        int slashes = url.indexOf("//");
        String before = slashes < 0 ? url.substring(0, end(url, 0)) : url.substring(0, slashes);
        if (slashes >= 0 && !before.matches("jdbc:(postgresql|mysql|mariadb):")) {
            throw several(shown);
        }
        return slashes < 0 ? "" : url.substring(slashes + 2, end(url, slashes + 2));
    }

    private static int end(String url, int from) {
        for (int i = from; i < url.length(); i++) {
            if (url.charAt(i) == '/' || url.charAt(i) == '?') {
                return i;
            }
        }
        return url.length();
    }

    /** The same URL with the endpoint's address in place of the host and the port; unchanged where it names no host. */
    String textFor(Endpoint endpoint) {
        int slashes = text.indexOf("//");
        if (slashes < 0) {
            return text;
        }
        int end = end(text, slashes + 2);
        int user = text.lastIndexOf('@', end - 1);
        return text.substring(0, Math.max(slashes + 2, user + 1)) + endpoint.address() + text.substring(end);
    }

    private static Set<String> optionsOf(String url) {
        Set<String> options = new TreeSet<>();
        int question = url.indexOf('?');
        if (question >= 0) {
            for (String option : url.substring(question + 1).split("&")) {
                options.add(option.replaceFirst("=.*", "").toLowerCase(Locale.ROOT));
            }
        }
        return options;
    }

    private static String bare(String host) {
        String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        return bare.isEmpty() ? "localhost" : bare;
    }

    private static IllegalArgumentException several(String shown) {
        return refused(
                shown,
                "one host, the Service's, while the target names the endpoints; with several hosts, or where the driver"
                        + " balances or fails over by itself, connections move behind the pool's back");
    }

    private static IllegalArgumentException refused(String shown, String expected) {
        return new IllegalArgumentException("jdbcUrl: " + shown + " (expected: " + expected + "; or " + INSTEAD + ")");
    }

    /**
     * Without options and user, which may hold a password; of any driver's URL, so {@code ;} begins options too, and
     * a user may stand without {@code //}. Where a password can't be told from the rest, only the scheme is left.
     */
    static String shown(String url) {
        Matcher scheme = SCHEME.matcher(url);
        int start = scheme.lookingAt() ? scheme.end() : 0;
        Matcher options = OPTIONS.matcher(url);
        int end = options.find(start) ? options.start() : url.length();
        int user = url.lastIndexOf('@');
        if (user >= end) {
            return url.substring(0, start) + "...";
        }
        String host = user < start ? url.substring(start, end) : "...@" + url.substring(user + 1, end);
        return url.substring(0, start) + host + (end < url.length() ? url.charAt(end) + "..." : "");
    }
}
