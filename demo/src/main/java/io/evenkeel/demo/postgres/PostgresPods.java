package io.evenkeel.demo.postgres;

import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.demo.process.DirectoryTree;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL servers behind one Service. All have the same database, user and password and none of them knows the
 * others, like proxies in front of one database. Closing it, or the end of the JVM by any signal but SIGKILL, ends
 * every server, frozen ones too, and removes their directory. Safe for use by several threads.
 */
public final class PostgresPods implements AutoCloseable {
    private static final String NETWORK = "127.0.1.";
    private static final int MOST = 32;
    /** The database that every server has. */
    public static final String DATABASE = "postgres";
    /** An ordinary user, without the superuser's reserved connections. */
    public static final String USER = "app";

    private static final String SUPERUSER = "postgres";

    private final PostgresBinaries binaries;
    private final PostgresRelease release;
    private final ServerUser user;
    private final Path directory;
    private final Path template;
    private final LoopbackAddresses addresses;
    private final String password;
    private final List<PostgresServer> servers = new CopyOnWriteArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Thread hook = new Thread(this::end, "evenkeel-pods-shutdown");

    private PostgresPods(
            PostgresBinaries binaries,
            PostgresRelease release,
            ServerUser user,
            Path directory,
            LoopbackAddresses addresses,
            String password) {
        this.binaries = binaries;
        this.release = release;
        this.user = user;
        this.directory = directory;
        this.template = directory.resolve("template");
        this.addresses = addresses;
        this.password = password;
    }

    /**
     * Prepares everything; no server runs yet.
     *
     * @throws PostgresUnavailableException if no server can be run on this machine
     */
    public static PostgresPods create() throws PostgresUnavailableException {
        PostgresPods pods = null;
        try {
            ServerUser user = ServerUser.detect();
            Path base = Directories.base(user);
            PostgresBinaries binaries = PostgresBinaries.unpack(base);
            PostgresRelease release = PostgresRelease.of(Command.run(
                    user.command(List.of(binaries.program("postgres").toString(), "--version"))));
            Path directory = Directories.create(base, "evenkeel-pods-");
            pods = new PostgresPods(
                    binaries, release, user, directory, LoopbackAddresses.find(NETWORK, MOST, 0), randomPassword());
            Runtime.getRuntime().addShutdownHook(pods.hook);
            pods.initialize();
            return pods;
        } catch (IOException e) {
            closeAfterFailure(pods);
            throw e instanceof PostgresUnavailableException known
                    ? known
                    : new PostgresUnavailableException("PostgreSQL can't be run here: " + e.getMessage(), e);
        }
    }

    /** Starts a Pod with default settings at an address of its own; returns when it answers. */
    public PostgresServer start(String name) throws IOException {
        return start(name, PostgresSettings.defaults());
    }

    /** Starts a Pod at an address of its own; returns when it answers. */
    public PostgresServer start(String name, PostgresSettings settings) throws IOException {
        if (!name.matches("[A-Za-z0-9-]+")) {
            throw new IllegalArgumentException("name: " + name + " (expected: letters, digits and -)");
        }
        Path home = Directories.create(directory, name + "-");
        Path data = home.resolve("data");
        Directories.copy(template, data);
        installTls(settings, data);
        user.own(home);
        InetSocketAddress address = addresses.next();
        PostgresServer server = new PostgresServer(
                name, address, data, user.command(command(name, address, data, settings)), admin(address));
        servers.add(server);
        if (closed.get()) {
            throw new IOException("Pods: closed (expected: open)");
        }
        server.start();
        return server;
    }

    /** Removes a server that has stopped, with its directory; another may get its address. */
    public void discard(PostgresServer server) throws IOException {
        if (server.isRunning()) {
            throw new IllegalStateException("server " + server + ": running (expected: stopped)");
        }
        if (servers.remove(server)) {
            DirectoryTree.delete(server.home());
            addresses.giveBack(server.address());
        }
    }

    /** Every server ever started here and not discarded, in the order of their starts. */
    public List<PostgresServer> servers() {
        return List.copyOf(servers);
    }

    /** A directory that is removed with the Pods: a place for files that belong to them. */
    public Path directory() {
        return directory;
    }

    /** The major version of the servers, such as 18. */
    public int majorVersion() {
        return release.major();
    }

    /** The password of {@link #USER}: random, new for each set of Pods. */
    public String password() {
        return password;
    }

    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyShuttingDown) {
            // the hook finds nothing left to do
        }
    }

    private void end() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        servers.parallelStream().forEach(PostgresServer::close);
        try {
            DirectoryTree.delete(directory);
        } catch (IOException e) {
            System.err.println("directory " + directory + " could not be removed: " + e);
        }
    }

    private static void closeAfterFailure(@Nullable PostgresPods pods) {
        if (pods != null) {
            pods.close();
        }
    }

    private void initialize() throws IOException {
        Path passwordFile = directory.resolve("password");
        Files.createFile(
                passwordFile, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(passwordFile, password);
        Files.createDirectory(template);
        user.own(passwordFile);
        user.own(template);
        List<String> initdb = new ArrayList<>(List.of(
                binaries.program("initdb").toString(),
                "--pgdata=" + template,
                "--username=" + SUPERUSER,
                "--pwfile=" + passwordFile,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--wal-segsize=1",
                "--no-sync"));
        initdb.addAll(release.initdb());
        Command.run(user.command(initdb));
        Command.run(
                user.command(List.of(
                        binaries.program("postgres").toString(), "--single", "-D", template.toString(), DATABASE)),
                "create role " + USER + " login password '" + password + "'\n");
    }

    private void installTls(PostgresSettings settings, Path data) throws IOException {
        Path certificate = settings.certificate();
        Path privateKey = settings.privateKey();
        if (certificate == null || privateKey == null) {
            return;
        }
        Files.copy(certificate, data.resolve("server.crt"));
        Path key = Files.copy(privateKey, data.resolve("server.key"));
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    }

    private List<String> command(String name, InetSocketAddress address, Path data, PostgresSettings settings) {
        List<String> command = new ArrayList<>(List.of(
                binaries.program("postgres").toString(),
                "-D",
                data.toString(),
                "-h",
                address.getAddress().getHostAddress(),
                "-p",
                Integer.toString(address.getPort()),
                "-k",
                ""));
        parameter(command, "cluster_name", name);
        parameter(command, "max_connections", Integer.toString(settings.maxConnectionsOfServer()));
        parameter(command, "ssl", settings.certificate() == null ? "off" : "on");
        BASE_PARAMETERS.forEach((key, value) -> parameter(command, key, value));
        release.parameters().forEach((key, value) -> parameter(command, key, value));
        settings.parameters().forEach((key, value) -> parameter(command, key, value));
        return command;
    }

    // small and quick; shared memory in files, so that a killed server leaves nothing outside its directory
    private static final Map<String, String> BASE_PARAMETERS = Map.ofEntries(
            Map.entry("fsync", "off"),
            Map.entry("synchronous_commit", "off"),
            Map.entry("full_page_writes", "off"),
            Map.entry("shared_buffers", "16MB"),
            Map.entry("dynamic_shared_memory_type", "mmap"),
            Map.entry("autovacuum", "off"),
            Map.entry("wal_level", "minimal"),
            Map.entry("max_wal_senders", "0"),
            Map.entry("max_logical_replication_workers", "0"),
            Map.entry("log_line_prefix", "%m "));

    private static void parameter(List<String> command, String name, String value) {
        command.add("-c");
        command.add(name + "=" + value);
    }

    private AdminConnection admin(InetSocketAddress address) {
        String url =
                "jdbc:postgresql://" + address.getAddress().getHostAddress() + ":" + address.getPort() + "/" + DATABASE;
        return new AdminConnection(url, SUPERUSER, password);
    }

    private static String randomPassword() {
        byte[] bytes = new byte[12];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
