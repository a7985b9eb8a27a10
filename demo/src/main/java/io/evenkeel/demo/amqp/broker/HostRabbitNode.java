package io.evenkeel.demo.amqp.broker;

import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.demo.process.ProcessGuard;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One node of {@link HostRabbitCluster}: a process with its children. */
final class HostRabbitNode implements RabbitBroker {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(90);
    private static final int STOP_TIMEOUT_SECONDS = 30;
    private static final int TOOL_TIMEOUT_SECONDS = 60;
    private static final int TLS_PORT = 5671;

    private final String name;
    private final InetSocketAddress address;
    private final InetSocketAddress tlsAddress;
    private final Setting setting;
    private final Path directory;
    private final Map<String, String> environment;
    private volatile @Nullable Process process;

    private HostRabbitNode(String name, InetSocketAddress address, Setting setting, Path directory) throws IOException {
        this.name = name;
        this.address = address;
        this.tlsAddress = BrokerAddresses.beside(address, TLS_PORT);
        this.setting = setting;
        this.directory = directory;
        this.environment = environment();
    }

    /**
     * What the nodes of a cluster share.
     *
     * @param scripts where RabbitMQ's scripts are
     * @param directory of the cluster
     * @param mapperPort of epmd
     * @param peers all nodes' names
     */
    record Setting(Path scripts, Path directory, int mapperPort, List<String> peers) {
        Setting {
            peers = List.copyOf(peers);
        }
    }

    /** Writes its configuration. */
    static HostRabbitNode prepare(String name, InetSocketAddress address, Setting setting) throws IOException {
        Path directory = Files.createDirectory(setting.directory().resolve(name));
        HostRabbitNode node = new HostRabbitNode(name, address, setting, directory);
        Path cookie = Files.writeString(directory.resolve(".erlang.cookie"), "EVENKEELTESTS");
        Files.setPosixFilePermissions(cookie, PosixFilePermissions.fromString("r--------"));
        Files.writeString(directory.resolve("enabled_plugins"), "[].\n");
        StringBuilder text = new StringBuilder();
        text.append("default_user = ").append(HostRabbitCluster.USER).append('\n');
        text.append("default_pass = ").append(HostRabbitCluster.PASSWORD).append('\n');
        text.append("default_user_tags.administrator = true\n");
        text.append("disk_free_limit.absolute = 50MB\n");
        text.append("cluster_formation.peer_discovery_backend = classic_config\n");
        for (int i = 0; i < setting.peers().size(); i++) {
            text.append("cluster_formation.classic_config.nodes.")
                    .append(i + 1)
                    .append(" = ")
                    .append(setting.peers().get(i))
                    .append('\n');
        }
        Files.writeString(directory.resolve("rabbitmq.conf"), text.toString());
        return node;
    }

    private Map<String, String> environment() throws IOException {
        return Map.ofEntries(
                Map.entry("HOME", directory.toString()),
                Map.entry("RABBITMQ_NODENAME", nodeName()),
                Map.entry("RABBITMQ_USE_LONGNAME", "true"),
                Map.entry("RABBITMQ_NODE_IP_ADDRESS", host()),
                Map.entry("RABBITMQ_NODE_PORT", Integer.toString(port())),
                Map.entry("RABBITMQ_DIST_PORT", Integer.toString(LoopbackAddresses.freePort(host()))),
                Map.entry("RABBITMQ_MNESIA_BASE", directory.resolve("data").toString()),
                Map.entry("RABBITMQ_LOG_BASE", directory.resolve("log").toString()),
                Map.entry(
                        "RABBITMQ_CONFIG_FILE",
                        directory.resolve("rabbitmq.conf").toString()),
                Map.entry(
                        "RABBITMQ_ENABLED_PLUGINS_FILE",
                        directory.resolve("enabled_plugins").toString()),
                Map.entry("RABBITMQ_CONF_ENV_FILE", directory.resolve("none").toString()),
                Map.entry("ERL_EPMD_PORT", Integer.toString(setting.mapperPort())),
                Map.entry(
                        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                        "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {"
                                + host().replace('.', ',') + "}"));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String host() {
        return address.getHostString();
    }

    @Override
    public int port() {
        return address.getPort();
    }

    @Override
    public InetSocketAddress tlsAddress() {
        return tlsAddress;
    }

    @Override
    public String nodeName() {
        return name + "@" + host();
    }

    @Override
    public boolean isRunning() {
        Process current = process;
        return current != null && current.isAlive();
    }

    @Override
    public void start() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        setting.scripts().resolve("rabbitmq-server").toString())
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("out").toFile()));
        builder.environment().putAll(environment);
        Process started = ProcessGuard.ofThisJvm().start(builder);
        process = started;
        Handshake.await(this, START_TIMEOUT);
        ProcessGuard.ofThisJvm().add(started.descendants().toList());
    }

    @Override
    public void stop() throws IOException {
        Process current = process;
        if (current == null) {
            return;
        }
        // the script hands SIGTERM on to the node
        current.destroy();
        await(current, STOP_TIMEOUT_SECONDS, "the node " + name);
    }

    @Override
    public void kill() throws IOException {
        Process current = process;
        if (current == null) {
            return;
        }
        List<ProcessHandle> all = tree(current);
        all.forEach(ProcessHandle::destroyForcibly);
        await(current, STOP_TIMEOUT_SECONDS, "the node " + name);
    }

    @Override
    public void freeze() throws IOException {
        signal("STOP");
    }

    @Override
    public void thaw() throws IOException {
        signal("CONT");
    }

    @Override
    public String run(String... command) throws IOException {
        List<String> line = new ArrayList<>(List.of(command));
        line.set(0, setting.scripts().resolve(command[0]).toString());
        Path output = Files.createTempFile(directory, "tool-", ".out");
        ProcessBuilder builder = new ProcessBuilder(line)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process tool = builder.start();
        await(tool, TOOL_TIMEOUT_SECONDS, String.join(" ", command));
        String text = Files.readString(output);
        Files.delete(output);
        if (tool.exitValue() != 0) {
            throw new IOException("status: " + tool.exitValue() + " (expected: 0) of " + String.join(" ", command)
                    + " in " + name + System.lineSeparator() + text);
        }
        return text;
    }

    private void signal(String signal) throws IOException {
        Process current = process;
        if (current == null || !current.isAlive()) {
            throw new IllegalStateException(name + ": stopped (expected: running)");
        }
        StringBuilder line = new StringBuilder("kill -" + signal);
        tree(current).forEach(handle -> line.append(' ').append(handle.pid()));
        // The shell's own: the program of that name is not on every machine.
        await(new ProcessBuilder("sh", "-c", line.toString()).start(), TOOL_TIMEOUT_SECONDS, "kill");
    }

    private static List<ProcessHandle> tree(Process process) {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        return all;
    }

    private static void await(Process process, int seconds, String what) throws IOException {
        try {
            if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
                throw new IOException(what + ": still runs after " + seconds + " s (expected: ended)");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + what, e);
        }
    }

    @Override
    public String toString() {
        return name + "@" + host() + ":" + port();
    }
}
