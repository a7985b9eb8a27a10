package io.evenkeel.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.adapter.DerivedTarget.Surroundings;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DerivedTargetTest {
    private static final Surroundings CLUSTER = Surroundings.of(
            Map.of("KUBERNETES_SERVICE_HOST", "10.96.0.1")::get, "shop", Set.of("dns", "k8s", "static"));
    private static final Surroundings DESK = Surroundings.of(Map.<String, String>of()::get, null, Set.of("dns", "k8s"));

    @ParameterizedTest
    @CsvSource({
        "pg, k8s:///pg.shop:5432",
        "pg.default, k8s:///pg.default:5432",
        "pg.default.svc, k8s:///pg.default:5432",
        "pg.default.svc.cluster.local, k8s:///pg.default:5432",
        "PG.default.svc.cluster.local., k8s:///pg.default:5432",
        "10.1.2.3, static:///10.1.2.3:5432",
        "fd00::1, 'static:///[fd00::1]:5432'",
        "localhost, dns:///localhost:5432",
        "db.example.com, dns:///db.example.com:5432",
        "pg-0.pg.default.svc.cluster.local, dns:///pg-0.pg.default.svc.cluster.local:5432",
        "under_score, dns:///under_score:5432"
    })
    void inACluster(String host, String target) {
        DerivedTarget derived = DerivedTarget.of(host, 5432, CLUSTER);
        assertThat(derived.target()).hasToString(target);
        assertThat(derived.why()).contains(host);
    }

    @Test
    void outside_a_cluster_a_name_is_looked_up() {
        DerivedTarget derived = DerivedTarget.of("pg.default", 5432, DESK);
        assertThat(derived.target()).hasToString("dns:///pg.default:5432");
        assertThat(derived.why()).contains("KUBERNETES_SERVICE_HOST");
    }

    @Test
    void without_a_source_for_it_k8s_is_not_chosen_and_the_missing_dependency_is_named() {
        Surroundings without = new Surroundings(true, "shop", Set.of("dns"));
        DerivedTarget derived = DerivedTarget.of("pg.default", 5432, without);
        assertThat(derived.target()).hasToString("dns:///pg.default:5432");
        assertThat(derived.why()).contains("evenkeel-kubernetes");
    }

    @Test
    void a_bare_name_without_a_known_namespace_is_looked_up() {
        Surroundings unknown = new Surroundings(true, null, Set.of("dns", "k8s"));
        assertThat(DerivedTarget.of("pg", 5432, unknown).target()).hasToString("dns:///pg:5432");
    }
}
