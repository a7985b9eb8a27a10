package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.PossibleAuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.status.Diagnosed;
import io.evenkeel.status.Diagnosis;
import io.evenkeel.status.EndpointFailure;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.FailureCause;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.status.SourceStatus;
import io.evenkeel.watch.SourceHealth;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConnectFailuresTest {

    private static final EndpointKey A = Endpoint.of("10.0.0.1", 5672).key();

    /** A pool whose broker has so many connections and failed last in this way. */
    static PoolStatus status(int open, @Nullable Throwable failure) {
        EndpointStatus broker = new EndpointStatus(
                Endpoint.of("10.0.0.1", 5672),
                open,
                open,
                open,
                0,
                open,
                0,
                0,
                false,
                null,
                failure == null
                        ? null
                        : EndpointFailure.of(A, FailureCause.UNREACHABLE, failure, Duration.ofSeconds(1)));
        return status(List.of(broker));
    }

    private static PoolStatus status(List<EndpointStatus> brokers) {
        SourceStatus source = new SourceStatus(
                "static:///10.0.0.1:5672",
                SourceHealth.HEALTHY,
                Duration.ZERO,
                null,
                "the first answer",
                null,
                1,
                List.of());
        return new PoolStatus(
                "orders",
                "static:///10.0.0.1:5672",
                Duration.ofSeconds(9),
                1,
                1,
                0,
                0,
                0,
                brokers,
                source,
                "first plan",
                0,
                0,
                false,
                Map.of());
    }

    private static IOException closed(int code, String text) {
        AMQP.Connection.Close close = new AMQP.Connection.Close.Builder()
                .replyCode(code)
                .replyText(text)
                .build();
        return new IOException(new ShutdownSignalException(true, false, close, null));
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new AuthenticationFailureException("ACCESS_REFUSED"), FailureCause.AUTHENTICATION),
                Arguments.of(new PossibleAuthenticationFailureException("closed"), FailureCause.AUTHENTICATION),
                Arguments.of(closed(AMQP.NOT_ALLOWED, "vhost nope not found"), FailureCause.DATABASE_MISSING),
                Arguments.of(new ConnectException("Connection refused"), FailureCause.UNREACHABLE),
                Arguments.of(new UnknownHostException("pg"), FailureCause.UNREACHABLE),
                Arguments.of(new SSLHandshakeException("no name"), FailureCause.TLS),
                Arguments.of(new TimeoutException("handshake"), FailureCause.UNREACHABLE),
                Arguments.of(new InterruptedException("dial"), FailureCause.OTHER),
                Arguments.of(new IOException("no idea"), FailureCause.OTHER));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void a_failure_stays_the_clients_own_and_has_what_to_do_attached(Exception failure, FailureCause cause) {
        String message = failure.getMessage();
        Throwable itsCause = failure.getCause();
        // Whatever other connections there are.
        Throwable thrown = new ConnectFailures(() -> status(3, null)).of(A, failure);
        assertThat(thrown).isSameAs(failure).hasMessage(message);
        assertThat(thrown.getCause()).isSameAs(itsCause);
        assertThat(thrown.getSuppressed())
                .singleElement()
                .satisfies(attached -> assertThat(attached.getMessage())
                        .startsWith("Pool orders: newConnection failed: " + cause.summary() + " (10.0.0.1:5672: ")
                        .contains(cause.advice())
                        .contains("1 callers waiting"));
    }

    @Test
    void the_failure_that_a_status_keeps_keeps_no_status() throws IOException {
        ConnectException failure = new ConnectException("Connection refused");
        new ConnectFailures(() -> status(0, new IOException("the one before"))).of(A, failure);
        for (Throwable attached : failure.getSuppressed()) {
            assertThat(attached).isNotInstanceOf(Diagnosed.class).hasNoCause();
            assertThat(attached.getClass().getDeclaredFields())
                    .filteredOn(field -> !Modifier.isStatic(field.getModifiers()))
                    .isEmpty();
        }
    }

    private static Diagnosis diagnosis(Throwable thrown) {
        assertThat(thrown).isInstanceOf(Diagnosed.class);
        return Objects.requireNonNull(((Diagnosed) thrown).diagnosis());
    }

    @Test
    void what_the_application_threw_stays_as_it_is() {
        ConnectFailures failures = new ConnectFailures(() -> status(0, null));
        for (Throwable its : List.of(
                new NoClassDefFoundError("of the application"),
                new IllegalStateException("of the application"),
                new ApplicationFailure("the socket configurator", new IllegalStateException()))) {
            assertThat(failures.of(A, its)).as("%s", its).isSameAs(its);
        }
    }

    @Test
    void a_time_out_names_what_is_in_the_way() {
        ConnectException failure = new ConnectException("Connection refused");
        TimeoutException late = new ConnectFailures(() -> status(0, failure)).late(Duration.ofSeconds(70));
        assertThat(late)
                .hasMessageStartingWith("Pool orders: newConnection: no connection within PT1M10S: endpoints cannot be"
                        + " reached (10.0.0.1:5672: ConnectException: Connection refused)")
                .hasCause(failure);
        assertThat(diagnosis(late).cause()).isEqualTo(FailureCause.UNREACHABLE);
        assertThat(diagnosis(new ConnectFailures(() -> status(List.of())).late(Duration.ZERO))
                        .cause())
                .isEqualTo(FailureCause.NO_ENDPOINTS);
        assertThat(diagnosis(new ConnectFailures(() -> status(2, null)).late(Duration.ZERO))
                        .cause())
                .as("a pool of held connections is never exhausted")
                .isEqualTo(FailureCause.CONNECTING);
    }
}
