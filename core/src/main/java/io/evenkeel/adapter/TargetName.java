package io.evenkeel.adapter;

import io.evenkeel.endpoint.Target;
import java.util.regex.Pattern;

/**
 * The short name of a target, by which a pool is called that has none: the Service's name, without namespace, domain
 * and port.
 *
 * <pre>
 * k8s:///pg.default:5432                              pg
 * dns:///_postgres._tcp.pg-headless.default.svc       pg-headless
 * static:///10.0.0.1:5432,10.0.0.2:5432               10.0.0.1
 * file:///etc/evenkeel/pg.json                        pg
 * fallback:///k8s:///pg.default:5432|snapshot:///…    pg
 * </pre>
 */
final class TargetName {

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    private TargetName() {}

    static String of(Target target) {
        String path = target.path();
        int inner = path.indexOf('|');
        String first = inner < 0 ? path : path.substring(0, inner);
        if (first.contains(":///") || (inner >= 0 && first.contains("://"))) {
            return of(Target.parse(first));
        }
        return orWhole(
                target.scheme().equals("file") || target.scheme().equals("snapshot") ? file(path) : host(path), path);
    }

    private static String file(String path) {
        String file = path.substring(path.lastIndexOf('/') + 1);
        int extension = file.lastIndexOf('.');
        return extension > 0 ? file.substring(0, extension) : file;
    }

    private static String host(String path) {
        int comma = path.indexOf(',');
        String first = comma < 0 ? path : path.substring(0, comma);
        if (first.startsWith("[")) {
            int end = first.indexOf(']');
            return end < 0 ? first : first.substring(1, end);
        }
        int port = first.indexOf(':');
        String host = port < 0 ? first : first.substring(0, port);
        if (IPV4.matcher(host).matches()) {
            return host;
        }
        for (String label : host.split("\\.")) {
            if (!label.startsWith("_")) {
                return label;
            }
        }
        return host;
    }

    private static String orWhole(String name, String path) {
        return name.isBlank() ? path : name;
    }
}
