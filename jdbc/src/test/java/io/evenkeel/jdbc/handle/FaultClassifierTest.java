package io.evenkeel.jdbc.handle;

import static io.evenkeel.jdbc.handle.Fault.CONNECTION_LOST;
import static io.evenkeel.jdbc.handle.Fault.NONE;
import static io.evenkeel.jdbc.handle.Fault.READ_ONLY;
import static io.evenkeel.jdbc.handle.Fault.REFUSED;
import static io.evenkeel.jdbc.handle.Fault.SESSION_LOST;
import static io.evenkeel.jdbc.handle.Fault.UNCLEAR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.SQLExceptionOverride;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLInvalidAuthorizationSpecException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLSyntaxErrorException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.sql.SQLWarning;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FaultClassifierTest {

    @ParameterizedTest
    @CsvSource({
        // the connection or the endpoint
        "08000, 0, CONNECTION_LOST",
        "08001, 0, CONNECTION_LOST",
        "08006, 0, CONNECTION_LOST",
        "08007, 0, CONNECTION_LOST",
        "08S01, 0, CONNECTION_LOST",
        "08S01, 1053, CONNECTION_LOST",
        "01002, 0, CONNECTION_LOST",
        "57P01, 0, CONNECTION_LOST",
        "57P02, 0, CONNECTION_LOST",
        "JZ0C0, 0, CONNECTION_LOST",
        "HY000, 2003, CONNECTION_LOST",
        "HY000, 2006, CONNECTION_LOST",
        "HY000, 2013, CONNECTION_LOST",
        "HY000, 3032, CONNECTION_LOST",
        // the server does not accept connections yet
        "57P03, 0, STARTING",
        // the session only
        "08003, 0, SESSION_LOST",
        "08000, 1220, SESSION_LOST",
        "08P01, 0, SESSION_LOST",
        "25P03, 0, SESSION_LOST",
        "25P04, 0, SESSION_LOST",
        "57P04, 0, SESSION_LOST",
        "57P05, 0, SESSION_LOST",
        "70100, 1927, SESSION_LOST",
        "HY000, 1927, SESSION_LOST",
        "HY000, 4031, SESSION_LOST",
        "08S01, 4031, SESSION_LOST",
        // the role
        "25006, 0, READ_ONLY",
        "HY000, 1836, READ_ONLY",
        // who connects
        "08004, 0, REFUSED",
        "08004, 1040, REFUSED",
        "28P01, 0, REFUSED",
        "28000, 1045, REFUSED",
        "3D000, 0, REFUSED",
        "42000, 1044, REFUSED",
        "42000, 1049, REFUSED",
        "42000, 1203, REFUSED",
        "53300, 0, REFUSED",
        "HY000, 1129, REFUSED",
        // the request
        "57014, 0, NONE",
        "70100, 1317, NONE",
        "40001, 1213, NONE",
        "42601, 0, NONE",
        "42000, 1064, NONE",
        "23505, 0, NONE",
        "25006, 1792, NONE",
        "HY000, 1205, NONE",
        "HY000, 1290, NONE",
        "72000, 2013, NONE",
        "0A000, 0, NONE",
        "S1009, 0, NONE",
        "53100, 0, NONE",
        // nothing is known
        "HY000, 0, UNCLEAR",
        "HY000, 2000, UNCLEAR",
        "S1000, 2006, UNCLEAR",
        "HYT00, 0, UNCLEAR",
        "XX000, 0, UNCLEAR",
        "58030, 0, UNCLEAR",
        "90067, 0, UNCLEAR",
        "'', 2006, UNCLEAR"
    })
    void classify_stateAndCode(String state, int code, Fault expected) {
        assertThat(classify(new SQLException("message", state, code))).isEqualTo(expected);
    }

    @Test
    void an_option_that_prevents_a_statement_counts_only_if_it_is_read_only() {
        String message = "The MySQL server is running with the --%s option so it cannot execute this statement";
        Map<String, Fault> expected =
                Map.of("read-only", READ_ONLY, "super-read-only", READ_ONLY, "secure-file-priv", NONE);
        expected.forEach(
                (option, fault) -> assertThat(classify(new SQLException(message.formatted(option), "HY000", 1290)))
                        .as(option)
                        .isEqualTo(fault));
    }

    @Test
    void classes_count_where_the_state_is_vague() {
        Map<SQLException, Fault> expected = Map.of(
                new SQLTransientConnectionException("x"), CONNECTION_LOST,
                new SQLNonTransientConnectionException("x", "HY000"), CONNECTION_LOST,
                new SQLRecoverableException("No more data to read from socket"), CONNECTION_LOST,
                new SQLTimeoutException("query timed out"), UNCLEAR,
                new SQLInvalidAuthorizationSpecException("x"), REFUSED,
                new SQLSyntaxErrorException("x"), NONE,
                new SQLFeatureNotSupportedException("x"), NONE,
                new SQLWarning("x"), NONE,
                new SQLException("x"), UNCLEAR,
                new BatchUpdateException(), UNCLEAR);
        expected.forEach((failure, fault) ->
                assertThat(classify(failure)).as("%s", failure).isEqualTo(fault));
    }

    @Test
    void causes_and_next_exceptions_are_examined() {
        SQLException byCause = new SQLException("I/O error", "HY000", 0, new IOException("Broken pipe"));
        SQLException byNext = new BatchUpdateException();
        byNext.setNextException(new SQLException("gone", "08006"));
        assertThat(classify(byCause)).isEqualTo(CONNECTION_LOST);
        assertThat(classify(byNext)).isEqualTo(CONNECTION_LOST);
        assertThat(classify(new RuntimeException(byNext))).isEqualTo(CONNECTION_LOST);
        assertThat(classify(new SQLTimeoutException("read", new SocketTimeoutException("Read timed out"))))
                .isEqualTo(CONNECTION_LOST);
    }

    @Test
    void what_a_failure_to_connect_was_caused_by_is_nearer_to_the_truth() {
        SQLException refused = new SQLInvalidAuthorizationSpecException("password authentication failed", "28P01");
        SQLException initSql = new SQLSyntaxErrorException("no such table", "42P01");
        assertThat(classify(new SQLTransientConnectionException("no connection in time", refused)))
                .isEqualTo(REFUSED);
        assertThat(classify(new SQLNonTransientConnectionException("Initialization failed", "08000", initSql)))
                .as("there is no connection, but not for a fault of the endpoint's")
                .isEqualTo(SESSION_LOST);
        assertThat(classify(new SQLException("connect", "08001", new IOException("Connection refused"))))
                .isEqualTo(CONNECTION_LOST);
        assertThat(classify(new SQLRecoverableException("gone", new SQLException("no details"))))
                .isEqualTo(CONNECTION_LOST);
    }

    @Test
    void what_the_server_answered_outweighs_what_stands_deeper() {
        SQLException violated = new SQLIntegrityConstraintViolationException("duplicate", "23505");
        violated.setNextException(new SQLException("gone", "08006"));
        assertThat(classify(violated)).isEqualTo(NONE);
    }

    @Test
    void what_a_driver_throws_besides_is_unclear() {
        for (Throwable failure : List.of(new IllegalStateException("x"), new NoClassDefFoundError("x"))) {
            assertThat(classify(failure)).as("%s", failure).isEqualTo(UNCLEAR);
        }
    }

    @Test
    void a_chain_that_leads_back_to_itself_ends() {
        SQLException one = new SQLException("one");
        SQLException two = new SQLException("two", one);
        one.initCause(two);
        assertThat(classify(one)).isEqualTo(UNCLEAR);
    }

    @Test
    void a_chain_is_examined_to_a_bounded_depth() {
        Throwable chain = new SQLException("gone", "08006");
        for (int i = 0; i < 100_000; i++) {
            chain = new RuntimeException("around", chain);
        }
        assertThat(classify(chain)).isEqualTo(UNCLEAR);
    }

    private static void assumeMustEvict() {
        assumeTrue(
                Arrays.stream(SQLExceptionOverride.Override.values())
                        .anyMatch(ruling -> ruling.name().equals("MUST_EVICT")),
                "HikariCP 5 has no MUST_EVICT");
    }

    @Test
    void an_override_has_the_last_word() {
        assumeMustEvict();
        SQLException gone = new SQLException("gone", "08006");
        SQLException violated = new SQLException("duplicate", "23505");
        assertThat(by(SQLExceptionOverride.Override.DO_NOT_EVICT).classify(gone))
                .isEqualTo(NONE);
        assertThat(by(SQLExceptionOverride.Override.MUST_EVICT).classify(violated))
                .isEqualTo(SESSION_LOST);
        assertThat(by(SQLExceptionOverride.Override.MUST_EVICT).classify(gone)).isEqualTo(CONNECTION_LOST);
        assertThat(by(SQLExceptionOverride.Override.CONTINUE_EVICT).classify(gone))
                .isEqualTo(CONNECTION_LOST);
    }

    @Test
    void an_override_is_asked_of_every_exception_of_a_chain() {
        assumeMustEvict();
        SQLException batch = new BatchUpdateException();
        batch.setNextException(new SQLException("custom", "UX001"));
        FaultClassifier classifier = new FaultClassifier(new SQLExceptionOverride() {
            @java.lang.Override
            public Override adjudicate(SQLException failure) {
                return "UX001".equals(failure.getSQLState()) ? Override.MUST_EVICT : Override.CONTINUE_EVICT;
            }
        });
        assertThat(classifier.classify(batch)).isEqualTo(SESSION_LOST);
    }

    @Test
    void an_override_that_fails_has_no_effect() {
        FaultClassifier classifier = new FaultClassifier(new SQLExceptionOverride() {
            @java.lang.Override
            public Override adjudicate(SQLException failure) {
                throw new IllegalStateException("a bug of the application's");
            }
        });
        assertThat(classifier.classify(new SQLException("gone", "08006"))).isEqualTo(CONNECTION_LOST);
        assertThat(by(null).classify(new SQLException("gone", "08006"))).isEqualTo(CONNECTION_LOST);
    }

    @ParameterizedTest
    @EnumSource(Fault.class)
    void a_fault_leads_to_one_action_at_most(Fault fault) {
        assertThat(fault.evicts() && fault.validates())
                .as("evicted and validated")
                .isFalse();
        assertThat(fault.countsInUse() && !fault.evicts())
                .as("counted but kept")
                .isFalse();
    }

    /** Any state, any code, any class, any chain: there is always an answer and never an exception. */
    @Test
    void classify_isTotal() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            Throwable failure = any(random, 0);
            assertThat(classify(failure))
                    .as("seed %d, round %d: %s", seed, i, failure)
                    .isNotNull();
        }
    }

    private static Throwable any(Random random, int depth) {
        Throwable cause = depth < 5 && random.nextBoolean() ? any(random, depth + 1) : null;
        String state = random.nextInt(8) == 0 ? null : state(random);
        int code = random.nextInt(6_000) - 500;
        SQLException failure = switch (random.nextInt(6)) {
            case 0 -> new SQLRecoverableException(null, state, code, cause);
            case 1 -> new SQLTransientConnectionException("x", state, code, cause);
            case 2 -> new BatchUpdateException("x", state, code, new int[0], cause);
            case 3 -> new SQLTimeoutException("x", state, code, cause);
            default -> new SQLException(random.nextBoolean() ? null : "x", state, code, cause);
        };
        if (random.nextInt(4) == 0) {
            failure.setNextException(new SQLException("next", state(random), code));
        }
        return random.nextInt(5) == 0 ? new RuntimeException(failure) : failure;
    }

    private static String state(Random random) {
        String letters = "0123456789ABFHJPSXYZ";
        StringBuilder state = new StringBuilder();
        for (int length = random.nextInt(7); length > 0; length--) {
            state.append(letters.charAt(random.nextInt(letters.length())));
        }
        return random.nextInt(4) == 0 ? "08" + state : state.toString();
    }

    private static Fault classify(Throwable failure) {
        return FaultClassifier.STANDARD.classify(failure);
    }

    private static FaultClassifier by(SQLExceptionOverride.@Nullable Override ruling) {
        return new FaultClassifier(new SQLExceptionOverride() {
            @java.lang.Override
            public Override adjudicate(SQLException failure) {
                return ruling;
            }
        });
    }
}
