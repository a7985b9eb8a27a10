package app;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The Pods of the service and the file that lists them. */
final class Pods implements AutoCloseable {
    private final List<Process> processes = new ArrayList<>();
    private final List<String> ports = new ArrayList<>();
    private final Path list;

    Pods(Path directory) throws IOException {
        list = directory.resolve("orders.json");
        add();
        add();
    }

    String target() {
        return "file://" + list;
    }

    void add() throws IOException {
        Process pod = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "orders.OrdersPod",
                        "--spring.rsocket.server.transport=tcp",
                        "--spring.rsocket.server.address=127.0.0.1",
                        "--spring.rsocket.server.port=0")
                .redirectErrorStream(true)
                .start();
        processes.add(pod);
        BufferedReader output = pod.inputReader();
        String line = output.readLine();
        while (line != null && !line.startsWith("PORT ")) {
            System.out.println("pod: " + line);
            line = output.readLine();
        }
        if (line == null) {
            throw new IOException("a Pod ended (expected: PORT and a number)");
        }
        ports.add(line.substring(5));
        Path next = list.resolveSibling("orders.new");
        Files.writeString(next, ports.stream()
                .map(port -> "{\"host\": \"127.0.0.1\", \"port\": " + port + "}")
                .collect(Collectors.joining(", ", "{\"endpoints\": [", "]}")));
        Files.move(next, list, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws IOException {
        for (Process pod : processes) {
            pod.getOutputStream().close();
        }
    }
}
