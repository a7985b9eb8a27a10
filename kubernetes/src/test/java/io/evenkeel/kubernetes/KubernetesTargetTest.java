package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSources;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KubernetesTargetTest {

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "k8s:///pg.default:5432,                          -,             pg, default, 5432",
                "kubernetes:///pg.default:postgres,               -,             pg, default, postgres",
                "k8s:///pg,                                       -,             pg, -,       -",
                "k8s:///pg:5432,                                  -,             pg, -,       5432",
                "k8s:///pg.shop.svc:5432,                         -,             pg, shop,    5432",
                "k8s:///pg.shop.svc.cluster.local:5432,           -,             pg, shop,    5432",
                "k8s://staging/pg.shop:5432,                      staging,       pg, shop,    5432",
                "k8s://admin@kind-a/pg.shop,                      admin@kind-a,  pg, shop,    -",
                "k8s://arn%3Aaws%3Aeks%3A1%3Acluster%2Fc/pg.shop, arn:aws:eks:1:cluster/c, pg, shop, -",
                "k8s://a+b/pg.shop,                               a+b,           pg, shop,    -"
            })
    void parts(String target, String context, String service, String namespace, String port) {
        assertThat(KubernetesTarget.of(Target.parse(target)))
                .isEqualTo(new KubernetesTarget(context, service, namespace, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "k8s:///pg.default:",
                "k8s:///pg.default:0",
                "k8s:///pg.default:65536",
                "k8s:///pg.default:123456",
                "k8s:///pg.default:-x",
                "k8s:///pg.default:a:b",
                "k8s:///PG.default:5432",
                "k8s:///.default:5432",
                "k8s:///pg.:5432",
                "k8s:///pg_1.default:5432",
                "k8s:///db.example.com:5432",
                "k8s://%zz/pg.default:5432"
            })
    void what_is_no_target_is_refused_with_an_example(String target) {
        assertThatThrownBy(() -> KubernetesTarget.of(Target.parse(target)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(target)
                .hasMessageContaining("as in k8s:///pg.default:5432");
    }

    @Test
    void the_scheme_is_found_on_the_class_path() {
        assertThat(EndpointSources.schemes()).contains("k8s", "kubernetes");
    }
}
