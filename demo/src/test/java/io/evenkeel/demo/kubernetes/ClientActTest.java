package io.evenkeel.demo.kubernetes;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.demo.ActUnavailableException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a Deployment may get wrong; that it works is shown on a cluster. */
class ClientActTest {

    private final Map<String, String> environment = new HashMap<>(
            Map.of("JDBC_URL", "jdbc:postgresql://pg:5432/app", "JDBC_USER", "app", "JDBC_PASSWORD", "secret"));

    private void refusedWith(String message) {
        assertThatThrownBy(() -> new ClientAct(environment::get)
                        .play(List.of(), new PrintStream(OutputStream.nullOutputStream())))
                .isInstanceOf(ActUnavailableException.class)
                .hasMessageStartingWith(message)
                .hasMessageContaining("expected: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"JDBC_URL", "JDBC_USER", "JDBC_PASSWORD"})
    void a_variable_that_is_missing_or_blank_is_named(String variable) {
        environment.put(variable, " ");
        refusedWith(variable + ": not set");
        environment.remove(variable);
        refusedWith(variable + ": not set");
    }

    @Test
    void a_size_that_is_no_number_is_named() {
        environment.put("POOL_SIZE", "many");
        refusedWith("POOL_SIZE: many");
    }
}
