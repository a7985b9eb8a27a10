package io.evenkeel.grpc;

import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.endpoint.Target;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A channel's target: one of core's, with options behind a question mark: {@code service-config} names a JSON file, and
 * {@code authority} is what TLS verifies where the target has no Service's name.
 *
 * @param target where the Pods are
 * @param authority the Service's name, with its port if that is a number
 * @param serviceConfig a file with a service config, or null if the channel's own holds
 */
record PodTarget(Target target, String authority, @Nullable Path serviceConfig) {

    private static final String EXPECTED =
            " (expected: no option but service-config and authority, as in k8s:///orders.default:grpc"
                    + "?service-config=/etc/orders.json)";

    /**
     * Reads the text of a channel's target.
     *
     * @param text as the application wrote it; what a URI can't hold is percent-encoded
     * @param scheme the scheme that core knows it by
     * @throws InvalidTargetException if it isn't a target, or has an unknown option
     */
    static PodTarget parse(String text, String scheme) {
        int question = text.indexOf('?');
        String where = decode(question < 0 ? text : text.substring(0, question));
        Target target = Target.parse(scheme + where.substring(Math.max(0, where.indexOf(':'))));
        String authority = authorityOf(target);
        Path serviceConfig = null;
        for (String option :
                question < 0 ? new String[0] : text.substring(question + 1).split("&", -1)) {
            int equals = option.indexOf('=');
            String name = equals < 0 ? option : option.substring(0, equals);
            String value = equals < 0 ? "" : decode(option.substring(equals + 1));
            if (value.isBlank()) {
                throw new InvalidTargetException("option: \"" + name + "\" of target " + target + EXPECTED);
            }
            switch (name) {
                case "service-config" -> serviceConfig = Path.of(value);
                case "authority" -> authority = value;
                default -> throw new InvalidTargetException("option: \"" + name + "\" of target " + target + EXPECTED);
            }
        }
        return new PodTarget(target, authority, serviceConfig);
    }

    private static String decode(String text) {
        // In a target a plus is a plus.
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** The Service's name as certificates and virtual hosts have it. */
    private static String authorityOf(Target target) {
        String path = target.path();
        if (target.scheme().equals("fallback")) {
            int end = path.indexOf('|');
            String first = end < 0 ? path : path.substring(0, end);
            return first.contains("://") ? authorityOf(Target.parse(first)) : first;
        }
        if (target.scheme().equals("file")) {
            String name = path.substring(path.lastIndexOf('/') + 1);
            return name.endsWith(".json") ? name.substring(0, name.length() - ".json".length()) : name;
        }
        String first = path.indexOf(',') < 0 ? path : path.substring(0, path.indexOf(','));
        int colon = first.lastIndexOf(':');
        boolean named = colon > 0 && !first.substring(colon + 1).matches("[0-9]+") && !first.endsWith("]");
        return named ? first.substring(0, colon) : first;
    }
}
