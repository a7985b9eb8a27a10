package io.evenkeel.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Target;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EndpointSourcesTest {

    private final SourceHarness harness = new SourceHarness();

    private void create(String target) {
        EndpointSources.create(Target.parse(target), harness.context);
    }

    @Test
    void an_unknown_scheme_lists_the_known_ones() {
        assertThatThrownBy(() -> create("consul:///pg"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("target: \"consul:///pg\" has the scheme \"consul\" (expected: one of [")
                .hasMessageContaining("file, static]); add the module");
    }

    @Test
    void the_scheme_for_kubernetes_says_which_module_is_missing() {
        assertThatThrownBy(() -> create("k8s:///pg.default:5432"))
                .hasMessageContaining("io.evenkeel:evenkeel-kubernetes");
    }

    @Test
    void a_static_list_is_said_once() {
        harness.start("static:///10.0.0.1:5432,[fd00::1]:5433, db.example:1");
        harness.scheduler.advance(Duration.ofHours(1));
        assertThat(harness.reports).hasSize(1);
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432", "[fd00::1]:5433", "db.example:1");
    }

    @Test
    void a_source_starts_once_and_is_silent_after_close() {
        EndpointSource source = EndpointSources.create(Target.parse("static:///h:1"), harness.context);
        source.start(harness.reports::add);
        assertThatThrownBy(() -> source.start(harness.reports::add)).isInstanceOf(IllegalStateException.class);
        source.close();
        harness.scheduler.runDue();
        assertThat(harness.reports).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "static:///10.0.0.1|\"10.0.0.1\" in",
                "static:///10.0.0.1:|a port from 1 to 65535",
                "static:///10.0.0.1:0|a port from 1 to 65535",
                "static:///10.0.0.1:65536|a port from 1 to 65535",
                "static:///10.0.0.1:x|a port from 1 to 65535",
                "static:///fd00::1:5432|IPv6 in brackets",
                "static:///[10.0.0.1]:5432|IPv6 in brackets",
                "static:///a:1,,b:1|host:port",
                "static:///a:1,b:1,a:1|stands twice",
                "static://a:1/b:1|three slashes",
                "file://etc/pg.json|three slashes",
            })
    void a_bad_target_says_what_is_wrong_and_gives_an_example(String target, String complaint) {
        assertThatThrownBy(() -> create(target))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(complaint)
                .hasMessageContaining("expected: ");
    }
}
