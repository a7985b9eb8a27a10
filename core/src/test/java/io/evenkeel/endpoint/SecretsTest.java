package io.evenkeel.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretsTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://app:hunter2@pg:5432/orders",
                "amqp://app:hunt@er2hunter2@mq:5672",
                "jdbc:postgresql://pg/orders?user=app&password=hunter2&ssl=true",
                "jdbc:mysql://pg/orders?trustCertificateKeyStorePassword=hunter2",
                "{user=app, password=hunter2, ssl=true}",
                "sslpassword = hunter2; x",
                "{\"sslPassword\": \"hunter2, and more hunter2\", \"a\": 1}",
                "Authorization: Bearer hunter2hunter2",
                "access_token=hunter2",
                "api-key: hunter2",
                "PASSWORD='hunter2'"
            })
    void what_looks_like_a_credential_is_masked(String text) {
        assertThat(Secrets.mask(text)).doesNotContain("hunter2").contains("***");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "address: \"app:hunter2@pg:1\" in static:///app:hunter2@pg:1",
                "address: \"app:hunt@er2hunter2@pg:1\"",
                "address: \":hunter2@pg:1\"",
                "dns://app:hunter2@pg/x has \"app:hunter2@pg\" between // and /"
            })
    void a_refused_target_shows_no_user_information_and_neither_does_its_cause(String text) {
        InvalidTargetException refused = new InvalidTargetException(text, new IllegalArgumentException(text));
        assertThat(refused.getMessage()).doesNotContain("hunter2").contains("***@");
        assertThat(refused).hasNoCause();
        IllegalArgumentException harmless = new IllegalArgumentException("fallback:///k8s:///pg:1 is none");
        assertThat(new InvalidTargetException("fallback:///k8s:///pg:1 is none", harmless))
                .hasMessage(harmless.getMessage())
                .hasCause(harmless);
    }

    @Test
    void the_rest_stays() {
        assertThat(Secrets.mask("jdbc:postgresql://pg/orders?user=app&password=x&ssl=true"))
                .isEqualTo("jdbc:postgresql://pg/orders?user=app&password=***&ssl=true");
        String plain = "k8s:///pg.default:5432: password authentication failed for user \"app\" at 10.0.0.1:5432";
        assertThat(Secrets.mask(plain)).isEqualTo(plain);
        assertThat(Secrets.mask("fallback:///k8s:///pg:1|dns:///x@y:1"))
                .isEqualTo("fallback:///k8s:///pg:1|dns:///x@y:1");
    }
}
