package io.evenkeel.it.frontdoor;

import io.evenkeel.endpoint.Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Six Pods in two zones, each on a node of its own, as a target that can be changed. */
final class PodFile {

    private final Path file;
    private final List<Endpoint> addresses;

    /** @param addresses of the Pods pod-0 to pod-5; the first three are in zone a */
    PodFile(Path directory, List<Endpoint> addresses) throws IOException {
        this.file = directory.resolve("pods.json");
        this.addresses = addresses;
        write(0, 1, 2, 3, 4, 5);
    }

    String target() {
        return "file://" + file.toAbsolutePath();
    }

    /** These Pods are all there are. */
    void write(int... pods) throws IOException {
        String entries = IntStream.of(pods).mapToObj(this::entry).collect(Collectors.joining(","));
        Path next = file.resolveSibling("next.json");
        Files.writeString(next, "{\"endpoints\": [" + entries + "]}");
        Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    /** From now on the file says nothing that can be read. */
    void spoil() throws IOException {
        Files.writeString(file, "{");
    }

    private String entry(int pod) {
        Endpoint address = addresses.get(pod);
        return "{\"id\": \"pod-" + pod + "\", \"host\": \"" + address.host() + "\", \"port\": " + address.port()
                + ", \"zone\": \"" + (pod < 3 ? "a" : "b") + "\", \"node\": \"node-" + pod + "\"}";
    }
}
