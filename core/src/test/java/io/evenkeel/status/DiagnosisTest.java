package io.evenkeel.status;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.watch.SourceHealth;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DiagnosisTest {

    private static final String EXHAUSTED = "return them sooner";

    @Test
    void a_source_that_fails_is_named_with_its_target_and_its_reason() {
        Diagnosis diagnosis = Diagnosis.of(pool(SourceHealth.UNKNOWN, "pg.svc has no addresses (NXDOMAIN)"), EXHAUSTED);
        assertThat(diagnosis.cause()).isEqualTo(FailureCause.SOURCE_FAILS);
        assertThat(diagnosis.message("no connection within 250 ms"))
                .startsWith("Pool orders: no connection within 250 ms: no endpoint is known since the source fails;")
                .contains(
                        "The source dns:///pg.svc:5432 is UNKNOWN, never answered: pg.svc has no addresses (NXDOMAIN)");
    }

    @Test
    void a_source_that_has_no_ready_pod_is_told_from_one_that_fails() {
        assertThat(Diagnosis.of(pool(SourceHealth.HEALTHY, "first answer"), EXHAUSTED)
                        .cause())
                .isEqualTo(FailureCause.NO_ENDPOINTS);
        assertThat(Diagnosis.of(pool(SourceHealth.HEALTHY, "first answer", leaving(pod(1, 2, 2, null))), EXHAUSTED)
                        .cause())
                .isEqualTo(FailureCause.NO_ENDPOINTS);
    }

    @Test
    void connections_in_use_everywhere_are_an_exhausted_pool() {
        Diagnosis diagnosis = Diagnosis.of(
                pool(SourceHealth.HEALTHY, "first answer", pod(1, 2, 2, null), pod(2, 2, 2, null)), EXHAUSTED);
        assertThat(diagnosis.cause()).isEqualTo(FailureCause.POOL_EXHAUSTED);
        assertThat(diagnosis.message("no connection within 250 ms"))
                .contains("all connections are in use; return them sooner. 4 of 4 connections open, 4 in use")
                .doesNotContain("ejected")
                .doesNotContain("leaving");
    }

    @Test
    void an_endpoint_that_has_all_its_connections_again_is_no_cause() {
        EndpointStatus recovered = pod(1, 2, 2, failure(1, FailureCause.UNREACHABLE, 60));
        assertThat(Diagnosis.of(pool(SourceHealth.HEALTHY, "first answer", recovered), EXHAUSTED)
                        .cause())
                .isEqualTo(FailureCause.POOL_EXHAUSTED);
    }

    @Test
    void what_keeps_connections_from_being_made_is_the_cause_also_of_an_exhausted_pool() {
        Diagnosis diagnosis = Diagnosis.of(
                pool(
                        SourceHealth.HEALTHY,
                        "first answer",
                        pod(1, 2, 1, failure(1, FailureCause.AUTHENTICATION, 3)),
                        pod(2, 2, 0, failure(2, FailureCause.AUTHENTICATION, 1))),
                EXHAUSTED);
        assertThat(diagnosis.cause()).isEqualTo(FailureCause.AUTHENTICATION);
        assertThat(diagnosis.exception()).hasMessage("failure of 10.0.0.2");
        assertThat(diagnosis.message("no connection"))
                .contains(
                        "authentication is refused (10.0.0.2:5432: ConnectException: failure of 10.0.0.2); check the user");
    }

    @Test
    void all_ejected_is_the_cause_only_where_they_failed_of_different_kinds() {
        EndpointStatus one = ejected(pod(1, 2, 0, failure(1, FailureCause.UNREACHABLE, 3)));
        EndpointStatus same = ejected(pod(2, 2, 0, failure(2, FailureCause.UNREACHABLE, 2)));
        EndpointStatus other = ejected(pod(2, 2, 0, failure(2, FailureCause.TLS, 2)));
        assertThat(Diagnosis.of(pool(SourceHealth.HEALTHY, "x", one, same), EXHAUSTED)
                        .cause())
                .isEqualTo(FailureCause.UNREACHABLE);
        Diagnosis mixed = Diagnosis.of(pool(SourceHealth.HEALTHY, "x", one, other), EXHAUSTED);
        assertThat(mixed.cause()).isEqualTo(FailureCause.ALL_EJECTED);
        assertThat(mixed.message("no connection")).contains("ejected for 12 s more");
    }

    @Test
    void nothing_open_and_nothing_failed_is_connecting() {
        assertThat(Diagnosis.of(pool(SourceHealth.HEALTHY, "x", pod(1, 2, 0, null)), EXHAUSTED)
                        .cause())
                .isEqualTo(FailureCause.CONNECTING);
    }

    @Test
    void a_message_stays_short_with_many_endpoints() {
        EndpointStatus[] pods = IntStream.rangeClosed(1, 200)
                .mapToObj(i -> pod(i, 2, 0, failure(i, FailureCause.UNREACHABLE, i)))
                .toArray(EndpointStatus[]::new);
        assertThat(Diagnosis.of(pool(SourceHealth.HEALTHY, "x", pods), EXHAUSTED)
                        .message("no connection"))
                .contains("; and 190 more.")
                .hasSizeLessThan(3_000);
    }

    @Test
    void a_failure_has_no_credentials_and_the_endpoints_own_address() {
        EndpointKey key = Endpoint.of("pg-0", "10.0.0.1", 5432).key();
        Exception cause = new Exception("jdbc:postgresql://pg/orders?password=hunter2&x=1 failed");
        EndpointFailure failure = EndpointFailure.of(
                key, FailureCause.OTHER, new RuntimeException("no\nconnection", cause), Duration.ofSeconds(3));
        assertThat(failure.message())
                .startsWith("10.0.0.1:5432: RuntimeException: no connection, caused by Exception: jdbc:")
                .doesNotContain("hunter2");
        assertThat(EndpointFailure.of(key, FailureCause.OTHER, new Unreadable(), Duration.ZERO)
                        .message())
                .isEqualTo("10.0.0.1:5432: " + Unreadable.class.getName());
    }

    @Test
    void the_sentences_of_a_driver_go_on_as_parts_of_one() {
        EndpointKey key = Endpoint.of("pg-0", "10.0.0.1", 5432).key();
        Exception refused = new Exception("Check the port.", new Exception("Refused. "));
        assertThat(EndpointFailure.of(key, FailureCause.OTHER, refused, Duration.ZERO)
                        .message())
                .isEqualTo("10.0.0.1:5432: Exception: Check the port, caused by Exception: Refused");
    }

    private static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("unreadable");
        }
    }

    private static EndpointFailure failure(int pod, FailureCause cause, int secondsAgo) {
        String host = "10.0.0." + pod;
        return EndpointFailure.of(
                Endpoint.of("pg-" + pod, host, 5432).key(),
                cause,
                new ConnectException("failure of " + host),
                Duration.ofSeconds(secondsAgo));
    }

    private static EndpointStatus pod(int pod, int planned, int open, @Nullable EndpointFailure failure) {
        return new EndpointStatus(
                Endpoint.of("pg-" + pod, "10.0.0." + pod, 5432),
                planned,
                planned,
                open,
                0,
                open,
                0,
                0,
                false,
                null,
                failure);
    }

    private static EndpointStatus leaving(EndpointStatus pod) {
        return new EndpointStatus(
                pod.endpoint(), 0, pod.seats(), pod.open(), 0, pod.inUse(), 0, 0, true, null, pod.lastFailure());
    }

    private static EndpointStatus ejected(EndpointStatus pod) {
        return new EndpointStatus(
                pod.endpoint(),
                pod.plannedSeats(),
                pod.seats(),
                pod.open(),
                0,
                pod.inUse(),
                0,
                0,
                false,
                Duration.ofSeconds(12),
                pod.lastFailure());
    }

    private static PoolStatus pool(SourceHealth health, String reason, EndpointStatus... endpoints) {
        int seats = 0;
        for (EndpointStatus endpoint : endpoints) {
            seats += endpoint.plannedSeats();
        }
        return new PoolStatus(
                "orders",
                "dns:///pg.svc:5432",
                Duration.ofMinutes(1),
                seats,
                1,
                10,
                2,
                0,
                List.of(endpoints),
                new SourceStatus(
                        "dns:///pg.svc:5432",
                        health,
                        health == SourceHealth.UNKNOWN ? null : Duration.ofSeconds(2),
                        null,
                        reason,
                        null,
                        3,
                        List.of()),
                "endpoints changed",
                0,
                0,
                false,
                Map.of());
    }
}
