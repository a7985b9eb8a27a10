package io.evenkeel.it;

import io.evenkeel.demo.loopback.LoopbackAddresses;
import io.evenkeel.demo.process.ProcessGuard;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * MariaDB servers of this machine's own installation (Debian's package mariadb-server), each on a loopback address of its
 * own, all on one port. Each answers {@code select @@report_host} with its name. They run as {@code nobody} where the tests
 * run as root, and end with this JVM.
 */
final class MariaDbServers implements AutoCloseable {
    static final String USER = "app";
    static final String ADMIN = "admin";
    static final String PASSWORD = "app-secret";
    static final String DATABASE = "shop";

    private static final String NETWORK = "127.0.15.";
    private static final int MOST = 6;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final List<Path> PROGRAMS =
            List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"), Path.of("/usr/local/bin"));

    private final Path directory;
    private final LoopbackAddresses addresses;
    private final @Nullable TestCertificate certificate;
    private final List<String> asUser;
    private final List<Server> servers = new ArrayList<>();

    private MariaDbServers(Path directory, @Nullable TestCertificate certificate) throws IOException {
        this.directory = directory;
        this.certificate = certificate;
        this.addresses = LoopbackAddresses.find(NETWORK, MOST, 0);
        boolean root = "root".equals(System.getProperty("user.name"));
        this.asUser = root ? List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups") : List.of();
    }

    /** @param certificate for TLS, or null for servers without */
    static MariaDbServers create(@Nullable TestCertificate certificate) throws IOException {
        program("mariadbd");
        program("mariadb-install-db");
        Path directory = Files.createTempDirectory("evenkeel-mariadb-");
        MariaDbServers servers = new MariaDbServers(directory, certificate);
        try {
            servers.initialize();
            return servers;
        } catch (IOException | RuntimeException e) {
            servers.close();
            throw e;
        }
    }

    private static Path program(String name) throws IOException {
        return PROGRAMS.stream()
                .map(directory -> directory.resolve(name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IOException(name + ": not installed (Debian's package mariadb-server has it)"));
    }

    private void initialize() throws IOException {
        Path users = directory.resolve("users.sql");
        Files.writeString(
                users,
                "create database if not exists " + DATABASE + ";\n"
                        + "create user if not exists '" + USER + "'@'%' identified by '" + PASSWORD + "';\n"
                        + "grant all on " + DATABASE + ".* to '" + USER + "'@'%';\n"
                        + "create user if not exists '" + ADMIN + "'@'%' identified by '" + PASSWORD + "';\n"
                        + "grant all on *.* to '" + ADMIN + "'@'%' with grant option;\n");
        if (certificate != null) {
            for (Path file : List.of(certificate.authority(), certificate.certificate(), certificate.privateKey())) {
                Files.copy(file, directory.resolve(file.getFileName()));
            }
        }
        Files.createDirectory(directory.resolve("template"));
        own();
        run(List.of(
                program("mariadb-install-db").toString(),
                "--no-defaults",
                "--datadir=" + directory.resolve("template"),
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--innodb-log-file-size=4M"));
    }

    /** One more server, which answers when this returns. */
    Server start(String name) throws IOException {
        run(List.of(
                "cp",
                "-a",
                directory.resolve("template").toString(),
                directory.resolve(name).toString()));
        Server server = new Server(name, addresses.next());
        servers.add(server);
        server.start();
        return server;
    }

    /** A target with all of them. */
    String target() {
        return "static:///"
                + String.join(",", servers.stream().map(Server::address).toList());
    }

    private void own() throws IOException {
        if (!asUser.isEmpty()) {
            execute(List.of("chown", "-R", "nobody:nogroup", directory.toString()));
        }
    }

    private void run(List<String> command) throws IOException {
        execute(Stream.concat(asUser.stream(), command.stream()).toList());
    }

    private void execute(List<String> command) throws IOException {
        Path log = Files.createTempFile("evenkeel-mariadb-", ".log");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + " failed:\n" + Files.readString(log));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            Files.delete(log);
        }
    }

    @Override
    public void close() throws IOException {
        for (Server server : servers) {
            server.kill();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** One server. */
    final class Server {
        private final String name;
        private final InetSocketAddress address;
        private @Nullable Process process;

        private Server(String name, InetSocketAddress address) {
            this.name = name;
            this.address = address;
        }

        String name() {
            return name;
        }

        String address() {
            return address.getAddress().getHostAddress() + ":" + address.getPort();
        }

        void start() throws IOException {
            Path log = directory.resolve(name + ".log");
            List<String> command = new ArrayList<>(asUser);
            command.addAll(List.of(
                    program("mariadbd").toString(),
                    "--no-defaults",
                    "--datadir=" + directory.resolve(name),
                    "--bind-address=" + address.getAddress().getHostAddress(),
                    "--port=" + address.getPort(),
                    "--socket=" + directory.resolve(name + ".sock"),
                    "--pid-file=" + directory.resolve(name + ".pid"),
                    "--report-host=" + name,
                    "--init-file=" + directory.resolve("users.sql"),
                    "--skip-name-resolve",
                    "--innodb-buffer-pool-size=16M",
                    "--innodb-log-file-size=4M",
                    "--performance-schema=OFF"));
            if (certificate != null) {
                command.add(
                        "--ssl-ca=" + directory.resolve(certificate.authority().getFileName()));
                command.add("--ssl-cert="
                        + directory.resolve(certificate.certificate().getFileName()));
                command.add("--ssl-key="
                        + directory.resolve(certificate.privateKey().getFileName()));
            }
            Process started = ProcessGuard.ofThisJvm()
                    .start(new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())));
            process = started;
            awaitAnswer(started, log);
        }

        private void awaitAnswer(Process started, Path log) throws IOException {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            SQLException last = null;
            while (started.isAlive() && System.nanoTime() < deadline) {
                try (Connection ignored = connect(ADMIN)) {
                    return;
                } catch (SQLException notYet) {
                    last = notYet;
                    pause();
                }
            }
            throw new IOException(
                    "MariaDB " + name + ": no answer at " + address() + "\n" + Files.readString(log), last);
        }

        private static void pause() throws IOException {
            try {
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }

        /** A session of one of the two users, in no database. */
        Connection connect(String user) throws SQLException {
            return DriverManager.getConnection("jdbc:mariadb://" + address() + "/?sslMode=disable", user, PASSWORD);
        }

        /** Runs a statement as the superuser. */
        void execute(String sql) throws SQLException {
            try (Connection connection = connect(ADMIN);
                    Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }

        /** SIGSTOP: it takes connections, and answers none. */
        void freeze() throws IOException {
            signal("STOP");
        }

        void resume() throws IOException {
            signal("CONT");
        }

        private void signal(String name) throws IOException {
            MariaDbServers.this.execute(List.of(
                    "kill",
                    "-" + name,
                    Long.toString(Objects.requireNonNull(process).pid())));
        }

        /** SIGKILL; does nothing if it has ended. */
        void kill() throws IOException {
            Process current = process;
            if (current == null) {
                return;
            }
            current.destroyForcibly();
            try {
                current.waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
            process = null;
        }
    }
}
