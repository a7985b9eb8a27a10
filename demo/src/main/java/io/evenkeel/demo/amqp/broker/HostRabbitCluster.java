package io.evenkeel.demo.amqp.broker;

import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.demo.process.DirectoryTree;
import io.evenkeel.demo.process.ProcessGuard;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A cluster of the RabbitMQ that is installed on this host (3.10 or newer), each node with a loopback address, a
 * directory and a port mapper of its own; what the system's own RabbitMQ does is not touched.
 */
public final class HostRabbitCluster implements RabbitBrokers {
    static final String USER = "evenkeel";
    static final String PASSWORD = "evenkeel";

    /** Where Debian and Homebrew put the scripts that don't change the user. */
    private static final List<Path> SCRIPTS = List.of(
            Path.of("/usr/lib/rabbitmq/bin"),
            Path.of("/opt/homebrew/opt/rabbitmq/sbin"),
            Path.of("/usr/local/opt/rabbitmq/sbin"));

    private final Path directory;
    private final Process portMapper;
    private final List<RabbitBroker> nodes;

    private HostRabbitCluster(Path directory, Process portMapper, List<RabbitBroker> nodes) {
        this.directory = directory;
        this.portMapper = portMapper;
        this.nodes = List.copyOf(nodes);
    }

    /** Whether RabbitMQ and Erlang's port mapper are installed. */
    public static boolean isInstalled() {
        return scripts().isPresent();
    }

    /** As many nodes as in {@code count}, of which the first {@code running} are started and form a cluster. */
    public static HostRabbitCluster start(int count, int running) throws IOException {
        Path scripts = scripts()
                .orElseThrow(() -> new IOException("rabbitmq-server: not found in " + SCRIPTS
                        + " (expected: RabbitMQ installed, on Debian by" + " apt-get install rabbitmq-server)"));
        List<InetSocketAddress> addresses = BrokerAddresses.find(count);
        Path directory = Files.createTempDirectory("evenkeel-rabbitmq-");
        int mapperPort = LoopbackAddresses.freePort("127.0.0.1");
        Process mapper = startPortMapper(addresses, mapperPort, directory);
        List<RabbitBroker> nodes = new ArrayList<>();
        HostRabbitCluster cluster;
        try {
            HostRabbitNode.Setting setting =
                    new HostRabbitNode.Setting(scripts, directory, mapperPort, names(addresses));
            for (int i = 0; i < count; i++) {
                nodes.add(HostRabbitNode.prepare("rabbit-" + (i + 1), addresses.get(i), setting));
            }
        } finally {
            cluster = new HostRabbitCluster(directory, mapper, nodes);
        }
        try {
            // one after another: those that follow join the first
            for (RabbitBroker node : cluster.nodes.subList(0, running)) {
                node.start();
            }
            return cluster;
        } catch (IOException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    @Override
    public List<RabbitBroker> nodes() {
        return nodes;
    }

    @Override
    public String user() {
        return USER;
    }

    @Override
    public String password() {
        return PASSWORD;
    }

    @Override
    public void close() throws IOException {
        for (RabbitBroker node : nodes) {
            node.kill();
        }
        portMapper.destroy();
        DirectoryTree.delete(directory);
    }

    private static Optional<Path> scripts() {
        return SCRIPTS.stream()
                .filter(path -> Files.isExecutable(path.resolve("rabbitmq-server")))
                .findFirst();
    }

    private static List<String> names(List<InetSocketAddress> addresses) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < addresses.size(); i++) {
            names.add("rabbit-" + (i + 1) + "@" + addresses.get(i).getHostString());
        }
        return names;
    }

    /** epmd, which nodes find each other by; started by a node itself it would outlive it. */
    private static Process startPortMapper(List<InetSocketAddress> addresses, int port, Path directory)
            throws IOException {
        List<String> hosts = new ArrayList<>(List.of("127.0.0.1"));
        addresses.stream()
                .map(InetSocketAddress::getHostString)
                .filter(host -> !hosts.contains(host))
                .forEach(hosts::add);
        Process process = ProcessGuard.ofThisJvm()
                .start(new ProcessBuilder("epmd", "-port", Integer.toString(port), "-address", String.join(",", hosts))
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("epmd.log").toFile()));
        try {
            if (process.waitFor(300, TimeUnit.MILLISECONDS)) {
                throw new IOException("epmd: ended at once" + System.lineSeparator()
                        + Files.readString(directory.resolve("epmd.log")));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while epmd was starting", e);
        }
        return process;
    }
}
