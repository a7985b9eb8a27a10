package io.evenkeel.demo.kubernetes;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.demo.ActUnavailableException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What needs no API server; KubernetesActIT has the rest. */
class KubernetesActTest {

    @Test
    void a_wrong_command_line_is_answered_with_the_right_one() {
        assertThatThrownBy(() -> new KubernetesAct().play(List.of("--often"), System.out))
                .isInstanceOf(ActUnavailableException.class)
                .hasMessageContaining("--often")
                .hasMessageContaining(Inquiry.USAGE);
        assertThatThrownBy(() -> new KubernetesAct().play(List.of("pg", "--seats", "0"), System.out))
                .hasMessage("--seats: 0 (expected: >= 1)");
    }
}
