package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoTest {

    @Test
    void an_act_that_is_not_there_is_refused_with_those_that_are() {
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        PrintStream to = new PrintStream(errors, true, StandardCharsets.UTF_8);
        assertThat(Demo.run(List.of("--opera"), to, to)).isEqualTo(2);
        assertThat(errors.toString(StandardCharsets.UTF_8))
                .startsWith("argument: --opera (expected: one of [")
                .contains("--jdbc");
    }
}
