package io.evenkeel.demo.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
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

    @Test
    void of_a_second_table_only_what_differs_is_shown_whatever_the_columns_widths() {
        List<String> before = List.of("pg: HEALTHY, 1", "why", "", "POD  ADDRESS", "a    10.0.0.1");
        List<String> now =
                List.of("pg: HEALTHY, 2", "why", "", "POD      ADDRESS", "a        10.0.0.1", "longer   10.0.0.2");
        assertThat(ServiceTable.changes(before, before)).isEmpty();
        assertThat(ServiceTable.changes(before, now)).containsExactly("pg: HEALTHY, 2", "+ longer   10.0.0.2");
        assertThat(ServiceTable.changes(now, before)).containsExactly("pg: HEALTHY, 1", "- longer   10.0.0.2");
    }
}
