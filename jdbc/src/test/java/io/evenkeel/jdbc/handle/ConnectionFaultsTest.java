package io.evenkeel.jdbc.handle;

import static io.evenkeel.jdbc.handle.ConnectionFaults.Fault.CONNECTION;
import static io.evenkeel.jdbc.handle.ConnectionFaults.Fault.NONE;
import static io.evenkeel.jdbc.handle.ConnectionFaults.Fault.READ_ONLY;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.jdbc.handle.ConnectionFaults.Fault;
import java.net.SocketTimeoutException;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLIntegrityConstraintViolationException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectionFaultsTest {

    @ParameterizedTest
    @CsvSource({
        "08001, 0, CONNECTION",
        "08003, 0, CONNECTION",
        "08006, 0, CONNECTION",
        "08S01, 0, CONNECTION",
        "08004, 1040, CONNECTION",
        "57P01, 0, CONNECTION",
        "57P02, 0, CONNECTION",
        "57P03, 0, CONNECTION",
        "53300, 0, CONNECTION",
        "HY000, 2013, CONNECTION",
        "HY000, 3032, CONNECTION",
        "25006, 0, READ_ONLY",
        "HY000, 1836, READ_ONLY",
        "08004, 0, NONE",
        "28P01, 0, NONE",
        "28000, 1045, NONE",
        "57014, 0, NONE",
        "57P05, 0, NONE",
        "25P03, 0, NONE",
        "40001, 1213, NONE",
        "42601, 0, NONE",
        "42000, 1064, NONE",
        "23505, 0, NONE",
        "HY000, 1205, NONE",
        "72000, 2013, NONE",
        "0A000, 0, NONE"
    })
    void classify_stateAndCode(String state, int code, Fault expected) {
        assertThat(ConnectionFaults.classify(new SQLException("message", state, code)))
                .isEqualTo(expected);
    }

    @Test
    void an_option_that_prevents_a_statement_counts_only_if_it_is_read_only() {
        String message = "The MySQL server is running with the --%s option so it cannot execute this statement";
        Map<String, Fault> expected =
                Map.of("read-only", READ_ONLY, "super-read-only", READ_ONLY, "secure-file-priv", NONE);
        expected.forEach((option, fault) -> assertThat(
                        ConnectionFaults.classify(new SQLException(message.formatted(option), "HY000", 1290)))
                .as(option)
                .isEqualTo(fault));
    }

    @Test
    void connection_classes_count_where_the_state_is_vague() {
        List<SQLException> failures = List.of(
                new SQLTransientConnectionException("x"),
                new SQLNonTransientConnectionException("x", "HY000"),
                new SQLRecoverableException("x", "S1000"));
        for (SQLException failure : failures) {
            assertThat(ConnectionFaults.classify(failure)).as("%s", failure).isEqualTo(CONNECTION);
        }
        assertThat(ConnectionFaults.classify(new SQLTimeoutException("query timed out")))
                .isEqualTo(NONE);
        assertThat(ConnectionFaults.classify(new SQLTransientConnectionException("no answer", "28P01")))
                .as("a pool's time-out that was caused by a wrong password")
                .isEqualTo(NONE);
    }

    @Test
    void causes_and_next_exceptions_are_looked_at() {
        SQLException byCause = new SQLException("read failed", new SocketTimeoutException("Read timed out"));
        SQLException byNext = new BatchUpdateException();
        byNext.setNextException(new SQLException("gone", "08006"));
        assertThat(ConnectionFaults.classify(byCause)).isEqualTo(CONNECTION);
        assertThat(ConnectionFaults.classify(byNext)).isEqualTo(CONNECTION);
        assertThat(ConnectionFaults.classify(new RuntimeException(byNext))).isEqualTo(CONNECTION);
    }

    @Test
    void what_the_server_answered_outweighs_what_stands_deeper() {
        SQLException violated = new SQLIntegrityConstraintViolationException("duplicate", "23505");
        violated.setNextException(new SQLException("gone", "08006"));
        assertThat(ConnectionFaults.classify(violated)).isEqualTo(NONE);
    }

    @Test
    void a_chain_that_leads_back_to_itself_ends() {
        SQLException one = new SQLException("one");
        SQLException two = new SQLException("two", one);
        one.initCause(two);
        assertThat(ConnectionFaults.classify(one)).isEqualTo(NONE);
    }
}
