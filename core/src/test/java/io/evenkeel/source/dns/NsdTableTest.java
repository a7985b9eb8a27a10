package io.evenkeel.source.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceHarness;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.Name;

/**
 * Against a real DNS server, NSD, beside the system's own resolver: what glibc's {@code getent} finds with the same
 * resolv.conf and hosts file is what we find. Needs nsd, and root to give getent its own files; skips itself elsewhere.
 */
@Timeout(120)
class NsdTableTest {

    private static final String SERVER = "127.0.13.77";
    private static final List<Path> NSD = List.of(Path.of("/usr/sbin/nsd"), Path.of("/usr/bin/nsd"));

    @TempDir
    Path directory;

    private Process nsd;

    @BeforeEach
    void startNsd() throws Exception {
        Path program = NSD.stream().filter(Files::isExecutable).findFirst().orElse(null);
        boolean root = "root".equals(System.getProperty("user.name"));
        String missing = program == null ? "nsd is not installed" : root ? "" : "not root";
        if (missing.isEmpty() && run("unshare", "-m", "true").code() != 0) {
            missing = "no mount namespace of its own can be made";
        }
        if (!missing.isEmpty()) {
            System.out.println("skipped: DNS against a real server: " + missing);
            assertThat(Boolean.getBoolean("evenkeel.it.required")).as(missing).isFalse();
        }
        Assumptions.assumeTrue(missing.isEmpty(), missing);
        writeFiles();
        nsd = new ProcessBuilder(
                        program.toString(),
                        "-d",
                        "-c",
                        directory.resolve("nsd.conf").toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("nsd.out").toFile())
                .start();
    }

    @AfterEach
    void stopNsd() throws Exception {
        if (nsd != null) {
            nsd.descendants().forEach(ProcessHandle::destroy);
            nsd.destroy();
            assertThat(nsd.waitFor(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private void writeFiles() throws IOException {
        StringBuilder zone = new StringBuilder("""
                $TTL 2
                @ IN SOA ns hm ( 1 3600 600 86400 2 )
                @ IN NS ns
                ns A 127.0.13.77
                pg A 127.1.0.1
                pg A 127.1.0.2
                pg A 127.1.0.3
                zero 0 A 127.1.0.11
                al1 CNAME al2
                al2 CNAME pg
                loop1 CNAME loop2
                loop2 CNAME loop1
                dangling CNAME nowhere
                mixed A 127.1.1.1
                mixed AAAA fd00::7
                six AAAA fd00::1
                six AAAA fd00::2
                txtonly TXT "x"
                _none._tcp.pg SRV 0 0 0 .
                """);
        for (int i = 0; i < 200; i++) {
            zone.append("many A 127.2.0.").append(i + 1).append('\n');
            zone.append("_pg._tcp.big SRV 0 1 5432 pod-").append(i).append('\n');
            zone.append("pod-").append(i).append(" A 127.3.0.").append(i + 1).append('\n');
        }
        Files.writeString(directory.resolve("ek.zone"), zone);
        Files.writeString(directory.resolve("nsd.conf"), """
                server:
                  ip-address: %1$s
                  port: 53
                  username: ""
                  zonesdir: "%2$s"
                  database: ""
                  pidfile: "%2$s/nsd.pid"
                  xfrdfile: "%2$s/xfrd.state"
                  zonelistfile: "%2$s/zone.list"
                  logfile: "%2$s/nsd.log"
                  server-count: 1
                  minimal-responses: yes
                remote-control:
                  control-enable: no
                zone:
                  name: ek.test
                  zonefile: ek.zone
                zone:
                  name: broken.corp
                  zonefile: missing.zone
                """.formatted(SERVER, directory));
        Files.writeString(
                directory.resolve("resolv.conf"),
                "nameserver " + SERVER + "\nsearch broken.corp ek.test\noptions ndots:5 timeout:2 attempts:2\n");
        Files.writeString(
                directory.resolve("hosts"),
                "127.0.0.1 localhost\n127.5.0.1 trio.local\n127.5.0.2 trio.local\n127.5.0.3 trio.local\n");
    }

    private record Ran(int code, List<String> lines) {}

    private static Ran run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines =
                new String(process.getInputStream().readAllBytes()).lines().toList();
        return new Ran(process.waitFor(), lines);
    }

    /** The addresses that glibc finds: IPv4 where there is any, as we do, else IPv6. */
    private List<String> getent(String name) throws Exception {
        String mounts = "mount --bind " + directory.resolve("resolv.conf") + " /etc/resolv.conf && mount --bind "
                + directory.resolve("hosts") + " /etc/hosts && exec getent ";
        TreeSet<String> found = new TreeSet<>();
        for (String family : List.of("ahostsv4", "ahostsv6")) {
            for (String line : run("unshare", "-m", "sh", "-c", mounts + family + " " + name)
                    .lines()) {
                found.add(line.split("\\s+", -1)[0]);
            }
            if (!found.isEmpty()) {
                break;
            }
        }
        found.removeIf(address -> address.startsWith("::ffff:"));
        return List.copyOf(found);
    }

    private EndpointSource.Report lookUp(String name, boolean srv) throws Exception {
        DnsConfig config = new DnsConfig(
                List.of(new InetSocketAddress(SERVER, 53)),
                List.of(Name.fromString("broken.corp."), Name.fromString("ek.test.")),
                5,
                Duration.ofSeconds(2));
        SourceHarness harness = new SourceHarness();
        EndpointSource source = new DnsSource(
                new DnsQuestion(Name.fromString(name), name, null, srv, srv ? 0 : 5432),
                () -> config,
                new HostsFile(directory.resolve("hosts")),
                harness.context);
        harness.start(source);
        source.close();
        return harness.last();
    }

    private static List<String> hosts(EndpointSource.Report report) {
        return report instanceof EndpointSource.Endpoints endpoints
                ? endpoints.endpoints().stream().map(Endpoint::host).sorted().toList()
                : List.of();
    }

    private void awaitNsd() throws Exception {
        EndpointSource.Report first = lookUp("pg.ek.test.", false);
        while (first instanceof EndpointSource.Failed) {
            assertThat(nsd.isAlive()).as(() -> "nsd ended").isTrue();
            first = lookUp("pg.ek.test.", false);
        }
    }

    @Test
    void what_getent_finds_is_what_we_find() throws Exception {
        awaitNsd();
        System.out.printf("%-12s %-22s %-22s %s%n", "name", "ours", "getent", "report");
        List<String> different = new ArrayList<>();
        for (String name : List.of(
                "pg",
                "pg.ek.test",
                "pg.ek.test.",
                "zero",
                "al1",
                "loop1",
                "dangling",
                "mixed",
                "six",
                "txtonly",
                "many",
                "trio.local",
                "nosuch",
                "localhost")) {
            EndpointSource.Report report = lookUp(name, false);
            List<String> ours = hosts(report);
            List<String> theirs =
                    getent(name).stream().map(NsdTableTest::canonical).sorted().toList();
            System.out.printf(
                    "%-12s %-22s %-22s %s%n",
                    name, shown(ours), shown(theirs), report.getClass().getSimpleName());
            if (!ours.stream().map(NsdTableTest::canonical).sorted().toList().equals(theirs)) {
                different.add(name + ": " + report + " but getent " + theirs);
            }
        }
        assertThat(different).isEmpty();
        assertThat(lookUp("loop1", false)).as("a circle").isInstanceOf(EndpointSource.Failed.class);
    }

    @Test
    void two_hundred_srv_targets_without_additional_records_are_all_found() throws Exception {
        awaitNsd();
        EndpointSource.Report report = lookUp("_pg._tcp.big", true);
        System.out.println("SRV with 200 targets: " + hosts(report).size() + " endpoints");
        assertThat(hosts(report)).hasSize(200);
        assertThat(lookUp("_none._tcp.pg", true))
                .as("decidedly not available")
                .isEqualTo(new EndpointSource.Endpoints(List.of()));
    }

    private static String canonical(String address) {
        try {
            return java.net.InetAddress.getByName(address).getHostAddress();
        } catch (java.net.UnknownHostException impossible) {
            throw new IllegalArgumentException(address, impossible);
        }
    }

    private static String shown(List<String> addresses) {
        return addresses.size() > 1 ? addresses.get(0) + " and " + (addresses.size() - 1) + " more" : "" + addresses;
    }
}
