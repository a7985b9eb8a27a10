package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSource.Failed;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.ManualScheduler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sources of one context, without a server: what they share, and what each makes of it. */
class SharedWatchTest {

    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<Runnable> sessions = new ArrayList<>();
    private final SourceContext context =
            new SourceContext(scheduler.ticker(), scheduler, Runnable::run, new Random(7));

    private KubernetesEndpointSource source(String target) {
        return KubernetesEndpointSource.builder(target)
                .environment(new ApiEnvironment(Map.of("HOME", "/none"), Path.of("/none")))
                .sessions(sessions::add)
                .build(context);
    }

    private List<EndpointSource.Report> start(KubernetesEndpointSource source) {
        List<EndpointSource.Report> reports = new ArrayList<>();
        source.start(reports::add);
        scheduler.runDue();
        return reports;
    }

    @Test
    void one_service_is_watched_once_for_all_ports_and_each_service_for_itself() {
        start(source("k8s:///pg.default:5432"));
        start(source("k8s:///pg.default:postgres"));
        start(source("k8s:///pg.default"));
        assertThat(sessions).hasSize(1);

        start(source("k8s:///mq.default:5672"));
        start(source("k8s:///pg.shop:5432"));
        assertThat(sessions).hasSize(3);
    }

    @Test
    void whoever_joins_later_hears_what_is_known() {
        List<EndpointSource.Report> first = start(source("k8s:///pg.default:5432"));
        // There is no configuration, so the session fails at once.
        sessions.remove(0).run();
        scheduler.runDue();
        List<EndpointSource.Report> second = start(source("k8s:///pg.default:postgres"));

        assertThat(first).hasSize(1).isEqualTo(second);
        assertThat(first.get(0)).isInstanceOf(Failed.class);
        assertThat(((Failed) first.get(0)).reason())
                .startsWith("the API server's configuration: API server: unknown (expected: to run in a Pod");
        assertThat(sessions).as("the back-off is not shortened").isEmpty();
    }

    @Test
    void the_watch_ends_with_its_last_source() {
        KubernetesEndpointSource first = source("k8s:///pg.default:5432");
        KubernetesEndpointSource second = source("k8s:///pg.default:postgres");
        start(first);
        List<EndpointSource.Report> reports = start(second);
        first.close();
        sessions.remove(0).run();
        scheduler.runDue();
        assertThat(reports).hasSize(1);
        assertThat(scheduler.pending()).as("it tries again for the second").isNotEmpty();

        second.close();
        scheduler.advance(Duration.ofHours(1));
        assertThat(sessions).isEmpty();
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void closed_before_it_began_it_does_nothing() {
        KubernetesEndpointSource source = source("k8s:///pg.default:5432");
        source.start(report -> {
            throw new AssertionError(report);
        });
        source.close();
        source.close();
        scheduler.advance(Duration.ofHours(1));

        assertThat(sessions).isEmpty();
        assertThatThrownBy(() -> source.start(report -> {})).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_setting_out_of_bounds_is_refused() {
        KubernetesEndpointSource.Builder builder = KubernetesEndpointSource.builder("k8s:///pg.default:5432");
        assertThatThrownBy(() -> builder.listTimeout(Duration.ZERO).build(context))
                .hasMessage("listTimeout: PT0S (expected: above 0, at most PT10M)");
    }
}
