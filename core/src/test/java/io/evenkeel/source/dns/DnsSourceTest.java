package io.evenkeel.source.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceHarness;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

@Timeout(60)
class DnsSourceTest {

    // Long for a loopback answer, short for a test that waits it out.
    private static final Duration TIMEOUT = Duration.ofMillis(300);

    private final SourceHarness harness = new SourceHarness();
    private TinyDnsServer server;

    @BeforeEach
    void open() throws IOException {
        server = new TinyDnsServer();
    }

    @AfterEach
    void close() throws Exception {
        server.close();
    }

    private EndpointSource start(String what) {
        return harness.start("dns://127.0.0.1:" + server.port() + "/" + what);
    }

    private EndpointSource start(DnsConfig config, String name, int port) {
        return harness.start(new DnsSource(
                new DnsQuestion(name(name), name, null, port == 0, port), () -> config, null, harness.context));
    }

    private DnsConfig config(int ndots, String... searchPath) {
        List<Name> domains = new ArrayList<>();
        for (String domain : searchPath) {
            domains.add(name(domain));
        }
        return new DnsConfig(List.of(server.address()), domains, ndots, TIMEOUT);
    }

    private static Name name(String text) {
        try {
            return Name.fromString(text);
        } catch (TextParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private Duration untilNext() {
        assertThat(harness.scheduler.pending()).hasSize(1);
        return harness.scheduler.pending().get(0);
    }

    private void pass(double seconds) {
        harness.scheduler.advance(Duration.ofMillis((long) (seconds * 1000)));
    }

    @Test
    void every_address_of_a_name_is_an_endpoint() {
        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.2", "pg.test. 5 A 10.0.0.1");
        start("pg.test.:5432");
        assertThat(harness.endpoints()).containsExactly(Endpoint.of("10.0.0.1", 5432), Endpoint.of("10.0.0.2", 5432));
    }

    @Test
    void a_name_without_ipv4_has_its_ipv6_addresses() {
        server.answer("pg.test.", Type.A);
        server.answer("pg.test.", Type.AAAA, "pg.test. 5 AAAA fd00::1");
        start("pg.test.:5432");
        assertThat(harness.addresses()).containsExactly("[fd00:0:0:0:0:0:0:1]:5432");
    }

    @Test
    void a_name_of_both_families_counts_every_pod_once() {
        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.1");
        server.answer("pg.test.", Type.AAAA, "pg.test. 5 AAAA fd00::1");
        start("pg.test.:5432");
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
    }

    @ParameterizedTest
    @CsvSource({"0,1", "1,1", "5,5", "30,30", "86400,30"})
    void the_name_is_asked_again_when_its_ttl_has_passed_within_bounds(int ttl, int seconds) {
        server.answer("pg.test.", Type.A, "pg.test. " + ttl + " A 10.0.0.1", "pg.test. 99999 A 10.0.0.2");
        start("pg.test.:5432");
        assertThat(untilNext()).isEqualTo(Duration.ofSeconds(seconds));

        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.3");
        pass(seconds - 0.001);
        assertThat(harness.reports).hasSize(1);
        pass(0.001);
        assertThat(harness.addresses()).containsExactly("10.0.0.3:5432");
    }

    @Test
    void an_alias_is_followed_and_its_ttl_counts() {
        server.answer(
                "pg.test.", Type.A, "pg.test. 3 CNAME db.test.", "db.test. 20 CNAME x.test.", "x.test. 60 A 10.0.0.1");
        start("pg.test.:5432");
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        assertThat(untilNext()).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void an_alias_that_the_server_does_not_resolve_is_asked_for() {
        server.answer("pg.test.", Type.A, "pg.test. 3 CNAME db.test.");
        server.answer("db.test.", Type.A, "db.test. 60 A 10.0.0.1");
        start("pg.test.:5432");
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
    }

    @Test
    void aliases_in_a_circle_are_a_failure() {
        server.answer("pg.test.", Type.A, "pg.test. 3 CNAME db.test.");
        server.answer("db.test.", Type.A, "db.test. 3 CNAME pg.test.");
        start("pg.test.:5432");
        assertThat(harness.complaint()).startsWith("failed: dns pg.test.: A of pg.test.: the aliases are a circle");
    }

    @Test
    void an_answer_too_long_for_udp_is_fetched_over_tcp() {
        String[] records = new String[200];
        for (int i = 0; i < records.length; i++) {
            records[i] = "pg.test. 5 A 10.0.1." + i;
        }
        server.answer("pg.test.", Type.A, records);
        start("pg.test.:5432");
        assertThat(harness.endpoints()).hasSize(200);
        assertThat(server.questions).containsExactly("udp pg.test. A", "tcp pg.test. A");
    }

    @Test
    void a_server_older_than_edns_is_asked_without() {
        server.refuseEdns = true;
        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.1");
        start("pg.test.:5432");
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
    }

    @Test
    void a_forged_or_broken_answer_is_passed_over() {
        server.forgeFirst = true;
        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.1");
        start("pg.test.:5432");
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        assertThat(server.questions).hasSize(1);
    }

    @Test
    void no_such_name_is_missing() {
        start("pg.test.:5432");
        assertThat(harness.complaint()).startsWith("missing: dns pg.test.: no such name");
    }

    @Test
    void a_name_without_addresses_is_empty_and_asked_again_soon() {
        server.answer("pg.test.", Type.A);
        server.answer("pg.test.", Type.AAAA);
        start("pg.test.:5432");
        assertThat(harness.endpoints()).isEmpty();
        assertThat(untilNext()).isBetween(Duration.ofMillis(500), Duration.ofSeconds(1));
    }

    @Test
    void after_failures_the_name_is_asked_ever_more_rarely_and_after_success_by_its_ttl() {
        server.refuse("pg.test.", Type.A, Rcode.SERVFAIL);
        start("pg.test.:5432");
        assertThat(harness.complaint())
                .isEqualTo("failed: dns pg.test.: A of pg.test.: 127.0.0.1:" + server.port() + ": SERVFAIL");
        long[] most = {1, 2, 4, 8, 16, 30, 30, 30};
        for (long seconds : most) {
            Duration wait = untilNext();
            assertThat(wait)
                    .as("back-off of at most %s s", seconds)
                    .isBetween(Duration.ofSeconds(seconds).dividedBy(2), Duration.ofSeconds(seconds));
            harness.scheduler.advance(wait);
        }
        server.answer("pg.test.", Type.A, "pg.test. 7 A 10.0.0.1");
        harness.scheduler.advance(untilNext());
        assertThat(untilNext()).isEqualTo(Duration.ofSeconds(7));
        server.refuse("pg.test.", Type.A, Rcode.SERVFAIL);
        pass(7);
        assertThat(untilNext()).isBetween(Duration.ofMillis(500), Duration.ofSeconds(1));
    }

    @Test
    void an_outage_of_the_other_family_neither_loses_nor_adds_addresses() {
        server.answer("pg.test.", Type.A, "pg.test. 1 A 10.0.0.1");
        server.refuse("pg.test.", Type.AAAA, Rcode.SERVFAIL);
        start("pg.test.:5432");
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");

        server.refuse("pg.test.", Type.A, Rcode.SERVFAIL);
        server.answer("pg.test.", Type.AAAA, "pg.test. 1 AAAA fd00::1");
        pass(1);
        assertThat(harness.complaint()).startsWith("failed: ");

        server.answer("pg.test.", Type.A);
        server.refuse("pg.test.", Type.AAAA, Rcode.SERVFAIL);
        pass(2);
        assertThat(harness.complaint()).contains("AAAA of pg.test.");
    }

    @Test
    void a_silent_server_is_a_failure_that_names_it() {
        server.stayingSilent("pg.test.", Type.A);
        start(config(1), "pg.test.", 5432);
        assertThat(harness.complaint())
                .isEqualTo("failed: dns pg.test.: A of pg.test.: 127.0.0.1:" + server.port()
                        + ": no answer within PT0.3S");
        assertThat(server.questions).hasSize(2);
    }

    @Test
    void when_one_server_fails_the_next_is_asked() throws Exception {
        try (TinyDnsServer broken = new TinyDnsServer()) {
            broken.refuse("pg.test.", Type.A, Rcode.REFUSED);
            server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.1");
            start(new DnsConfig(List.of(broken.address(), server.address()), List.of(), 1, TIMEOUT), "pg.test.", 5432);
            assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        }
    }

    @Test
    void a_short_name_is_sought_in_the_search_domains_first() {
        server.answer("pg.svc.test.", Type.A, "pg.svc.test. 5 A 10.0.0.1");
        start(config(5, "default.svc.test.", "svc.test."), "pg", 5432);
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        assertThat(server.questions).containsExactly("udp pg.default.svc.test. A", "udp pg.svc.test. A");
    }

    @Test
    void a_name_of_enough_dots_is_sought_as_it_is_first() {
        server.answer("a.b.test.", Type.A, "a.b.test. 5 A 10.0.0.1");
        start(config(1, "search.test."), "a.b.test", 5432);
        assertThat(server.questions).containsExactly("udp a.b.test. A");
    }

    @Test
    void a_name_of_too_few_dots_is_sought_as_it_is_last() {
        server.answer("a.b.", Type.A, "a.b. 5 A 10.0.0.1");
        start(config(2, "search.test."), "a.b", 5432);
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        assertThat(server.questions).containsExactly("udp a.b.search.test. A", "udp a.b. A");
    }

    @Test
    void a_search_domain_that_fails_does_not_end_the_search() {
        server.refuse("pg.test.one.test.", Type.A, Rcode.SERVFAIL);
        server.stayingSilent("pg.test.two.test.", Type.A);
        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.1");
        start(config(5, "one.test.", "two.test."), "pg.test", 5432);
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
    }

    @Test
    void a_failure_that_may_hide_the_name_counts_more_than_no_such_name() {
        server.refuse("pg.one.test.", Type.A, Rcode.SERVFAIL);
        start(config(5, "one.test.", "two.test."), "pg", 5432);
        assertThat(harness.complaint()).startsWith("failed: ").contains("A of pg.one.test.");
    }

    @Test
    void another_domains_name_is_not_taken_for_the_one_that_was_found_and_fails_now() {
        server.answer("pg.one.test.", Type.A, "pg.one.test. 5 A 10.0.0.1");
        server.answer("pg.two.test.", Type.A, "pg.two.test. 5 A 10.9.9.9");
        start(config(5, "one.test.", "two.test."), "pg", 5432);
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        server.refuse("pg.one.test.", Type.A, Rcode.SERVFAIL);
        pass(5);
        assertThat(harness.complaint()).contains("pg.two.test. is known, but not taken for pg.one.test.");
        server.refuse("pg.one.test.", Type.A, Rcode.NXDOMAIN);
        pass(2);
        assertThat(harness.addresses()).as("decidedly gone").containsExactly("10.9.9.9:5432");
    }

    @Test
    void a_circle_of_aliases_within_one_answer_is_a_failure_and_not_an_empty_answer() {
        server.answer("pg.test.", Type.A, "pg.test. 3 CNAME b.test.", "b.test. 3 CNAME pg.test.");
        start("pg.test.:5432");
        assertThat(harness.complaint()).startsWith("failed: ").contains("the aliases are a circle");
    }

    @Test
    void an_answer_that_does_not_fit_and_cannot_be_had_over_tcp_is_a_failure() throws Exception {
        String[] many = new String[300];
        for (int i = 0; i < many.length; i++) {
            many[i] = "pg.test. 5 A 10.0." + i / 250 + "." + (i % 250 + 1);
        }
        server.answer("pg.test.", Type.A, many);
        server.closeTcp();
        start("pg.test.:5432");
        assertThat(harness.complaint()).startsWith("failed: ").contains("Connection refused");
    }

    @Test
    void two_hundred_targets_are_asked_for_together_and_those_without_an_answer_once_more() {
        List<String> records = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            records.add("_pg._tcp.db.test. 9 SRV 0 1 5432 pg-" + i + ".db.test.");
            server.answer("pg-" + i + ".db.test.", Type.A, "pg-" + i + ".db.test. 9 A 10.1.0." + (i + 1));
        }
        server.answer("_pg._tcp.db.test.", Type.SRV, records.toArray(String[]::new));
        server.dropFirst("pg-7.db.test. A");
        EndpointSource source = start("_pg._tcp.db.test.");
        assertThat(harness.endpoints()).hasSize(200);
        assertThat(server.questions).filteredOn(asked -> asked.contains(" A")).hasSizeBetween(201, 203);
        assertThat(source.requests()).isGreaterThanOrEqualTo(201);
    }

    @Test
    void a_resolv_conf_that_changes_is_followed_although_the_old_server_still_answers() throws Exception {
        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.1");
        try (TinyDnsServer other = new TinyDnsServer()) {
            other.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.2");
            DnsConfig[] now = {config(1)};
            harness.start(new DnsSource(
                    new DnsQuestion(name("pg.test."), "pg.test.", null, false, 5432),
                    () -> now[0],
                    null,
                    harness.context));
            assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
            now[0] = new DnsConfig(List.of(other.address()), List.of(), 1, TIMEOUT);
            pass(5);
            assertThat(harness.addresses()).containsExactly("10.0.0.2:5432");
        }
    }

    @Test
    void every_address_of_a_name_in_the_hosts_file_counts(@TempDir Path directory) throws IOException {
        Path hosts = Files.writeString(directory.resolve("hosts"), """
                127.0.0.1\tlocalhost
                # 10.0.0.7 trio.local
                127.5.0.1 trio.local other
                ::5 trio.local
                127.5.0.2\ttrio.local # a comment
                127.5.0.3 TRIO.local.
                127.5.0.9 trio.local.net
                evil?x trio.local
                fd00::1 six
                """);
        assertThat(new HostsFile(hosts).addresses("trio.local")).containsExactly("127.5.0.1", "127.5.0.2", "127.5.0.3");
        assertThat(new HostsFile(hosts).addresses("six.")).containsExactly("fd00::1");
        assertThat(new HostsFile(hosts).addresses("none")).isEmpty();
        assertThat(new HostsFile(directory.resolve("absent")).addresses("six")).isEmpty();
    }

    @Test
    void the_hosts_file_of_the_jdks_property_comes_instead_of_the_machines(@TempDir Path directory) throws IOException {
        Path hosts = Files.writeString(directory.resolve("hosts"), "127.5.0.1 trio.local\n127.5.0.2 trio.local\n");
        String before = System.getProperty("jdk.net.hosts.file");
        System.setProperty("jdk.net.hosts.file", hosts.toString());
        try {
            assertThat(HostsFile.ofSystem().addresses("trio.local")).containsExactly("127.5.0.1", "127.5.0.2");
            assertThat(HostsFile.ofSystem().addresses("localhost")).isEmpty();
        } finally {
            if (before == null) {
                System.clearProperty("jdk.net.hosts.file");
            } else {
                System.setProperty("jdk.net.hosts.file", before);
            }
        }
    }

    @Test
    void srv_records_bring_ports_and_the_pods_names() {
        server.answerWithMore(
                "_pg._tcp.db.test.",
                Type.SRV,
                List.of(
                        "_pg._tcp.db.test. 9 SRV 0 50 5432 pg-0.db.test.",
                        "_pg._tcp.db.test. 9 SRV 0 50 5433 pg-1.db.test."),
                List.of("pg-0.db.test. 4 A 10.0.0.1"));
        server.answer("pg-1.db.test.", Type.A, "pg-1.db.test. 9 A 10.0.0.2");
        start("_pg._tcp.db.test.");
        assertThat(harness.endpoints())
                .containsExactlyInAnyOrder(
                        Endpoint.of("pg-0.db.test:5432", "10.0.0.1", 5432),
                        Endpoint.of("pg-1.db.test:5433", "10.0.0.2", 5433));
        assertThat(server.questions).as("what was sent along is not asked for").hasSize(2);
        assertThat(untilNext()).isEqualTo(Duration.ofSeconds(4));
    }

    @Test
    void srv_weights_are_relative_and_only_the_best_priority_counts() {
        server.answerWithMore(
                "_pg._tcp.db.test.",
                Type.SRV,
                List.of(
                        "_pg._tcp.db.test. 9 SRV 1 20 5432 a.test.",
                        "_pg._tcp.db.test. 9 SRV 1 10 5432 b.test.",
                        "_pg._tcp.db.test. 9 SRV 1 0 5432 c.test.",
                        "_pg._tcp.db.test. 9 SRV 2 99 5432 d.test."),
                List.of(
                        "a.test. 4 A 10.0.0.1",
                        "b.test. 4 A 10.0.0.2",
                        "c.test. 4 A 10.0.0.3",
                        "d.test. 4 A 10.0.0.4"));
        start("_pg._tcp.db.test.");
        assertThat(harness.endpoints())
                .extracting(Endpoint::host, Endpoint::weight)
                .containsExactlyInAnyOrder(tuple("10.0.0.1", 1.0), tuple("10.0.0.2", 0.5), tuple("10.0.0.3", 0.01));
    }

    @Test
    void a_target_whose_address_cannot_be_had_keeps_its_last_one_and_one_that_is_gone_goes() {
        String srv = "_pg._tcp.db.test.";
        server.answer(srv, Type.SRV, srv + " 1 SRV 0 1 5432 a.test.", srv + " 1 SRV 0 1 5432 b.test.");
        server.answer("a.test.", Type.A, "a.test. 1 A 10.0.0.1");
        server.answer("b.test.", Type.A, "b.test. 1 A 10.0.0.2");
        start(srv);
        server.refuse("a.test.", Type.A, Rcode.SERVFAIL);
        pass(1);
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432", "10.0.0.2:5432");
        server.refuse("b.test.", Type.A, Rcode.NXDOMAIN);
        pass(1);
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
    }

    @Test
    void an_address_needs_no_dns() {
        start("10.0.0.1:5432");
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        start("[fd00::1]:5432");
        assertThat(harness.addresses()).containsExactly("[fd00:0:0:0:0:0:0:1]:5432");
        assertThat(server.questions).isEmpty();
    }

    @Test
    void a_name_in_the_hosts_file_needs_no_dns(@TempDir Path directory) throws IOException {
        Path hosts = Files.writeString(directory.resolve("hosts"), "10.0.0.9 other pg # ours\n");
        harness.start(new DnsSource(
                new DnsQuestion(name("pg"), "pg", null, false, 5432),
                () -> config(1),
                new HostsFile(hosts),
                harness.context));
        assertThat(harness.addresses()).containsExactly("10.0.0.9:5432");
        assertThat(server.questions).isEmpty();
    }

    @Test
    void when_the_last_subscriber_of_a_name_leaves_no_thread_of_dns_is_left() throws Exception {
        server.answer("pg.test.", Type.A, "pg.test. 5 A 10.0.0.1");
        Target target = Target.parse("dns://127.0.0.1:" + server.port() + "/pg.test.:5432");
        CountDownLatch told = new CountDownLatch(1);
        Subscription subscription = EndpointWatchers.shared().subscribe(target, WatcherConfig.defaults(), snapshot -> {
            if (snapshot.endpoints().size() == 1) {
                told.countDown();
            }
        });
        assertThat(told.await(30, TimeUnit.SECONDS)).isTrue();
        subscription.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("evenkeel-watch") || name.startsWith("dnsjava"));
    }

    @Test
    void closing_ends_a_question_that_waits_for_its_answer() throws Exception {
        server.stayingSilent("pg.test.", Type.A);
        ExecutorService blocking = Executors.newSingleThreadExecutor();
        try {
            DnsConfig patient = new DnsConfig(List.of(server.address()), List.of(), 1, Duration.ofMinutes(10));
            SourceContext context =
                    new SourceContext(harness.context.ticker(), harness.scheduler, blocking, harness.context.random());
            DnsSource source = new DnsSource(
                    new DnsQuestion(name("pg.test."), "pg", null, false, 1), () -> patient, null, context);
            source.start(harness.reports::add);
            harness.scheduler.runDue();
            while (server.questions.isEmpty()) {
                Thread.onSpinWait();
            }
            source.close();
            CompletableFuture.runAsync(() -> {}, blocking).get(30, TimeUnit.SECONDS);
            harness.scheduler.runDue();
            assertThat(harness.reports).isEmpty();
            assertThat(harness.scheduler.pending()).isEmpty();
        } finally {
            blocking.shutdownNow();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "dns:///pg.default.svc|a port from 1 to 65535",
                "dns:///_pg._tcp.db:5432|no port, since SRV records have it",
                "dns:///a..b:5432|a host name",
                "dns://dns.example:53/pg:5432|an IP address",
                "dns://127.0.0.1:x/pg:5432|a port from 1 to 65535",
            })
    void a_bad_target_says_what_is_wrong(String target, String complaint) {
        assertThatThrownBy(() -> EndpointSources.create(Target.parse(target), harness.context))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(complaint);
    }
}
