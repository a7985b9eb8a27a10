package io.evenkeel.demo.grpc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Stands for the name server of a cluster: a JVM with {@code jdk.net.hosts.file} looks every name up there, and reads
 * the file each time; its own cache of 30 s is as it is by default. For one thread.
 */
final class HostsFile {
    private static final String LOCAL = "127.0.0.1 localhost\n";

    private final Path file;
    private final Map<String, List<String>> names = new TreeMap<>();

    HostsFile(Path file) {
        this.file = file;
    }

    /** A name without addresses is unknown. */
    void set(String name, Collection<String> addresses) throws IOException {
        names.put(name, List.copyOf(addresses));
        String text = names.entrySet().stream()
                .flatMap(entry -> entry.getValue().stream().map(address -> address + " " + entry.getKey() + "\n"))
                .collect(Collectors.joining("", LOCAL, ""));
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.writeString(next, text);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
