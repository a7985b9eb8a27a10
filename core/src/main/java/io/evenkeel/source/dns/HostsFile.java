package io.evenkeel.source.dns;

import io.evenkeel.endpoint.HostSyntax;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The machine's own names: {@code /etc/hosts}, or the file in the JDK's property {@code jdk.net.hosts.file}. A name may
 * have several lines, and has all their addresses. Read anew for each look-up; blocks.
 *
 * @param file that is read
 */
record HostsFile(Path file) {

    // Lists of blocked names are some megabytes long.
    private static final int MOST_BYTES = 16 << 20;

    static HostsFile ofSystem() {
        String instead = System.getProperty("jdk.net.hosts.file");
        if (instead != null) {
            return new HostsFile(Path.of(instead));
        }
        String windows = System.getenv("SystemRoot");
        return new HostsFile(
                windows == null ? Path.of("/etc/hosts") : Path.of(windows, "System32", "drivers", "etc", "hosts"));
    }

    /**
     * The addresses of a name, in order and without repetition: IPv4 where it has any, else IPv6. Empty if it is not in
     * the file, or there is none that can be read: many containers have none, and DNS decides then.
     *
     * @param name with or without the root's dot
     */
    List<String> addresses(String name) {
        String wanted = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        Set<String> v4 = new LinkedHashSet<>();
        Set<String> v6 = new LinkedHashSet<>();
        for (String line : lines()) {
            int comment = line.indexOf('#');
            String[] words =
                    (comment < 0 ? line : line.substring(0, comment)).strip().split("[ \\t]+", -1);
            for (int i = 1; i < words.length; i++) {
                if (words[i].equalsIgnoreCase(wanted) || words[i].equalsIgnoreCase(wanted + ".")) {
                    if (HostSyntax.isIpv4(words[0])) {
                        v4.add(words[0]);
                    } else if (HostSyntax.isIpv6(words[0])) {
                        v6.add(words[0].toLowerCase(Locale.ROOT));
                    }
                }
            }
        }
        return List.copyOf(v4.isEmpty() ? v6 : v4);
    }

    private List<String> lines() {
        try (InputStream in = Files.newInputStream(file)) {
            String text = new String(in.readNBytes(MOST_BYTES), StandardCharsets.ISO_8859_1);
            List<String> lines = new ArrayList<>();
            text.lines().forEach(lines::add);
            return lines;
        } catch (IOException | SecurityException unreadable) {
            return List.of();
        }
    }
}
