package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.kubernetes.fake.FakeApiServer;
import io.evenkeel.kubernetes.fake.FakeApiServer.Certificate;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Fault;
import io.evenkeel.kubernetes.fake.Slice;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.source.EndpointSource;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What can be wrong before there is a first answer, and what people are told. */
@Timeout(60)
class ListFaultsTest {

    private static final Duration A_RETRY = Duration.ofSeconds(60);

    private static SourceBed bed(Speaks speaks) throws IOException {
        SourceBed bed = new SourceBed(speaks);
        bed.server.put(slice("pg-a", "pg-0"));
        return bed;
    }

    private static void recovers(SourceBed bed) {
        bed.pass(A_RETRY, "pg-0", () -> bed.pods().equals(List.of("pg-0")));
        assertThat(bed.complaint()).isEmpty();
    }

    /** What a Pod finds in its environment. */
    private static ApiEnvironment inCluster(SourceBed bed, Path serviceAccount) {
        return new ApiEnvironment(
                Map.of(
                        "KUBERNETES_SERVICE_HOST",
                        "127.0.0.1",
                        "KUBERNETES_SERVICE_PORT",
                        Integer.toString(bed.server.url().getPort())),
                serviceAccount);
    }

    private static String refused(SourceBed bed) {
        bed.until("a complaint", () -> !bed.complaint().isEmpty());
        return bed.complaint();
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void a_server_that_never_answers_the_first_list_is_reported_after_the_time_out(Speaks speaks) throws Exception {
        try (SourceBed bed = bed(speaks)) {
            bed.server.failNext(Verb.LIST, Fault.silence());
            var client = bed.apiClient();
            bed.start(builder -> builder.apiClient(client).listTimeout(Duration.ofSeconds(5)));
            bed.until("the request", () -> bed.server.count(Verb.LIST) == 1);
            bed.scheduler.advance(Duration.ofMillis(4_900));
            assertThat(bed.reports).isEmpty();
            bed.pass(Duration.ofSeconds(1), "a complaint", () -> !bed.reports.isEmpty());
            assertThat(bed.complaint()).contains("no answer within PT5S");
            recovers(bed);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void a_connection_that_is_accepted_and_then_silent_is_reported_after_the_time_out(Speaks speaks) throws Exception {
        try (SourceBed bed = bed(speaks)) {
            bed.server.wire().silent();
            bed.start();
            bed.until("a connection", () -> bed.server.wire().accepted() == 1);
            bed.pass(Duration.ofSeconds(32), "a complaint", () -> !bed.reports.isEmpty());
            bed.server.wire().back();
            recovers(bed);
        }
    }

    @Test
    void a_server_that_is_away_is_tried_again_ever_more_seldom() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            bed.server.wire().away();
            bed.start();
            assertThat(refused(bed)).contains(bed.server.url().getAuthority());
            bed.pass(Duration.ofMinutes(1));
            int first = bed.server.wire().accepted();
            bed.pass(Duration.ofMinutes(10));
            int later = bed.server.wire().accepted() - first;
            System.out.println(
                    "API server away: " + first + " attempts in the first minute, " + later + " in the ten after it");
            assertThat(first).as("attempts in the first minute").isBetween(3, 40);
            assertThat(later).as("attempts in the next ten minutes").isBetween(10, 10 * first);
            bed.server.wire().back();
            recovers(bed);
        }
    }

    @Test
    void an_answer_of_500_is_tried_again() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            bed.server.failNext(Verb.LIST, Fault.internalError());
            bed.server.failNext(Verb.LIST, Fault.internalError());
            bed.server.failNext(Verb.WATCH, Fault.internalError());
            bed.start();
            assertThat(refused(bed)).contains("500").contains("etcdserver: no leader");
            bed.pass(A_RETRY, "pg-0", () -> bed.pods().equals(List.of("pg-0")));
            bed.pass(A_RETRY, "a watch", () -> bed.server.watches().size() == 1);
            bed.await("no complaint", () -> bed.complaint().isEmpty());
        }
    }

    /** Between two pages etcd was compacted: the rest of that list can't be had any more, and half of it is no answer. */
    @Test
    void a_list_that_expires_between_two_pages_is_begun_anew() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            for (int i = 0; i < 501; i++) {
                bed.server.put(Slice.of("pg-%03d".formatted(i), "pg")
                        .port("pg", 5432)
                        .ready("pg-" + i, "10.0." + i / 250 + "." + (i % 250 + 1)));
            }
            bed.server.failNext(Verb.LIST, Fault.none());
            bed.server.failNext(Verb.LIST, Fault.gone());
            bed.start();
            bed.pass(A_RETRY, "all Pods", () -> bed.pods().size() == 501);
            assertThat(bed.reportedSizes()).as("never a part of them").containsOnly(501);
            assertThat(bed.server.count(Verb.LIST)).as("two pages, twice").isEqualTo(4);
            bed.until("no complaint", () -> bed.complaint().isEmpty());
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void too_many_requests_are_followed_by_none_for_as_long_as_the_server_says(Speaks speaks) throws Exception {
        try (SourceBed bed = bed(speaks)) {
            bed.server.failNext(Verb.LIST, Fault.tooManyRequests(47));
            bed.start();
            bed.until("the first request", () -> bed.server.count(Verb.LIST) == 1);
            refused(bed);
            bed.pass(Duration.ofSeconds(46));
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(1);
            recovers(bed);
        }
    }

    @Test
    void a_watch_that_is_turned_away_waits_as_long_as_it_is_told() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            bed.server.failNext(Verb.WATCH, Fault.tooManyRequests(47));
            bed.start();
            bed.until("a watch", () -> bed.server.count(Verb.WATCH) == 1);
            bed.pass(Duration.ofSeconds(46));
            assertThat(bed.server.requests()).hasSize(2);
            bed.pass(
                    Duration.ofSeconds(60),
                    "another",
                    () -> bed.server.watches().size() == 1);
        }
    }

    @Test
    void a_list_cut_off_in_its_middle_is_no_answer() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            bed.server.failNext(Verb.LIST, Fault.truncated());
            bed.start();
            refused(bed);
            assertThat(bed.pods()).isEmpty();
            recovers(bed);
        }
    }

    @Test
    void a_list_that_drips_in_is_given_up_when_its_time_is_over_however_often_a_byte_comes() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            bed.server.failNext(Verb.LIST, Fault.internalError());
            bed.start();
            refused(bed);
            bed.server.wire().drip(1, Duration.ofMillis(20));
            bed.pass(Duration.ofSeconds(35), "given up", () -> bed.complaint().contains("no answer within PT30S"));
            bed.server.wire().drip(8192, Duration.ZERO);
            recovers(bed);
        }
    }

    @Test
    void without_the_role_it_says_which_one_to_apply_and_recovers_once_it_is_there() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            bed.server.forbid(Verb.LIST, Verb.WATCH);
            bed.start();
            assertThat(refused(bed))
                    .as("an API server that starts refuses everything for some seconds")
                    .contains("system:serviceaccount:default:app may not list")
                    .doesNotContain("kind: Role");
            bed.pass(A_RETRY, "advice", () -> bed.complaint().contains("kind: Role"));
            assertThat(bed.complaint())
                    .contains("system:serviceaccount:default:app may not list")
                    .contains("kind: Role\n")
                    .contains("kind: RoleBinding")
                    .contains("verbs: [\"list\", \"watch\"]")
                    .contains("name: app")
                    .contains("namespace: default");
            bed.server.forbid();
            recovers(bed);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void the_role_is_named_as_soon_as_a_refusal_counts_as_lasting(long seed) throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2, Certificate.VALID, seed)) {
            bed.server.forbid(Verb.LIST, Verb.WATCH);
            bed.start();
            refused(bed);
            long refused = bed.scheduler.ticker().nanos();
            bed.pass(A_RETRY, "advice", () -> bed.complaint().contains("kind: Role"));
            assertThat(Duration.ofNanos(bed.scheduler.ticker().nanos() - refused))
                    .as("with a second at random and a step of time; the back-off alone may put it off to 26 s")
                    .isLessThanOrEqualTo(SliceWatch.ROLE_PATIENCE.plusMillis(1_500));
        }
    }

    @Test
    void with_list_but_without_watch_it_says_so_and_keeps_what_it_knows() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            bed.server.forbid(Verb.WATCH);
            bed.start();
            bed.awaitPods("pg-0");
            bed.until("the reason", () -> bed.trouble().contains("system:serviceaccount:default:app may not watch"));
            bed.pass(
                    SliceWatch.ROLE_PATIENCE.plus(RetryWaits.LONGEST),
                    "advice",
                    () -> bed.trouble().contains("kind: Role\n"));
            assertThat(bed.complaint()).as("lists prove it").isEmpty();
            assertThat(bed.pods()).containsExactly("pg-0");
            bed.server.forbid();
            bed.pass(A_RETRY, "a watch", () -> bed.server.watches().size() == 1);
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.pass(A_RETRY, "pg-1", () -> bed.pods().contains("pg-1"));
        }
    }

    @Test
    void a_rotated_token_is_read_again_from_its_file(@TempDir Path directory) throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            Path account = bed.server.writeServiceAccount(directory, FakeApiServer.TOKEN);
            bed.start(builder -> builder.environment(inCluster(bed, account)));
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            bed.pass(SliceWatch.SETTLED.plusSeconds(1));
            bed.server.rotateToken("second-token");
            bed.server.endWatches();
            bed.pass(A_RETRY, "refused", () -> bed.complaint().contains("credentials"));
            assertThat(bed.pods()).containsExactly("pg-0");

            Files.writeString(account.resolve("token"), "second-token");
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.pass(Duration.ofMinutes(3), "pg-1", () -> bed.pods().contains("pg-1"));
            assertThat(bed.complaint()).isEmpty();
        }
    }

    @Test
    void a_token_that_is_refused_is_shown_with_its_account_and_the_servers_time(@TempDir Path directory)
            throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            String claims = "{\"sub\":\"system:serviceaccount:default:app\",\"exp\":"
                    + Instant.parse("2025-11-25T11:59:00Z").getEpochSecond() + "}";
            String token = "e30."
                    + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8))
                    + ".sig";
            bed.server.rotateToken(token);
            Fault refusal =
                    Fault.status(401, "Unauthorized", "Unauthorized").with("Date", "Tue, 25 Nov 2025 12:00:00 GMT");
            bed.server.failNext(Verb.LIST, refusal);
            bed.server.failNext(Verb.LIST, refusal);
            Path account = bed.server.writeServiceAccount(directory, token);
            bed.start(builder -> builder.environment(inCluster(bed, account)));
            bed.pass(A_RETRY, "a complaint", () -> !bed.complaint().isEmpty());
            assertThat(bed.complaint())
                    .contains("the token is of system:serviceaccount:default:app and expired at 2025-11-25T11:59:00Z,"
                            + " the server's time is 2025-11-25T12:00:00Z");
            recovers(bed);
        }
    }

    @Test
    void a_token_that_was_rotated_before_it_was_needed_is_not_refused_once(@TempDir Path directory) throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            Path account = bed.server.writeServiceAccount(directory, FakeApiServer.TOKEN);
            bed.start(builder -> builder.environment(inCluster(bed, account)));
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            Files.writeString(account.resolve("token"), "second-token");
            bed.pass(Duration.ofSeconds(100));
            bed.server.rotateToken("second-token");
            bed.server.endWatches();
            bed.pass(A_RETRY, "the next watch", () -> bed.server.count(Verb.WATCH) == 2);
            bed.awaitWatch();
            assertThat(bed.complaint()).isEmpty();
        }
    }

    @Test
    void a_kubeconfig_is_read_again_when_its_token_is_refused_and_nobody_hears_of_it(@TempDir Path directory)
            throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            Path file = bed.server.writeKubeconfig(directory, FakeApiServer.TOKEN);
            bed.start(builder -> builder.kubeconfig(file));
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            bed.pass(SliceWatch.SETTLED.plusSeconds(1));
            bed.server.writeKubeconfig(directory, "second-token");
            bed.server.rotateToken("second-token");
            bed.server.endWatches();
            bed.until("the watch has ended", () -> bed.server.watches().isEmpty());
            bed.pass(
                    Duration.ofSeconds(5),
                    "a watch with the new token",
                    () -> bed.server.watches().size() == 1);
            assertThat(bed.reports).noneMatch(EndpointSource.Failed.class::isInstance);
        }
    }

    @Test
    void a_service_without_slices_is_missing_with_what_to_check() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(Slice.of("other-a", "other").port("pg", 5432).ready("o-0", "10.0.0.9"));
            bed.start();
            assertThat(refused(bed))
                    .contains("Service pg has no EndpointSlice in namespace default")
                    .contains("does it exist")
                    .contains("does its selector match Pods?");
            // The watch is open, so that it is there at once when it is made.
            bed.awaitWatch();
            bed.server.put(slice("pg-a", "pg-0"));
            bed.awaitPods("pg-0");
        }
    }

    @Test
    void an_unknown_port_is_answered_with_those_there_are() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(Slice.of("pg-a", "pg")
                    .port("sql", 5432)
                    .port("metrics", 9187)
                    .ready("pg-0", "10.0.0.1"));
            bed.start();
            assertThat(refused(bed))
                    .contains("pg")
                    .contains("sql")
                    .contains("5432")
                    .contains("metrics")
                    .contains("9187");
        }
    }

    @Test
    void a_certificate_problem_is_explained() throws Exception {
        assertThat(complaintWith(FakeApiServer.Certificate.EXPIRED)).contains("clock");
        assertThat(complaintWith(FakeApiServer.Certificate.NOT_YET_VALID)).contains("clock");
        assertThat(complaintWith(FakeApiServer.Certificate.OTHER_HOST)).contains("certificate is for another name");
    }

    private static String complaintWith(FakeApiServer.Certificate certificate) throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2, certificate)) {
            bed.start();
            return refused(bed);
        }
    }

    @Test
    void an_authority_that_is_not_trusted_is_explained() throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2);
                FakeApiServer other = FakeApiServer.start(Speaks.HTTP_2)) {
            var client = bed.apiClient().setBasePath(other.url().toString());
            bed.start(builder -> builder.apiClient(client));
            assertThat(refused(bed)).contains("CA").contains(other.url().getAuthority());
        }
    }

    @Test
    void an_authority_that_was_exchanged_is_read_again(@TempDir Path directory) throws Exception {
        try (SourceBed bed = bed(Speaks.HTTP_2)) {
            Path account = bed.server.writeServiceAccount(directory, FakeApiServer.TOKEN);
            HeldCertificate former =
                    new HeldCertificate.Builder().certificateAuthority(0).build();
            Files.writeString(account.resolve("ca.crt"), former.certificatePem());
            bed.start(builder -> builder.environment(inCluster(bed, account)));
            assertThat(refused(bed)).contains("CA");
            Files.writeString(account.resolve("ca.crt"), bed.server.authorityPem());
            recovers(bed);
        }
    }
}
